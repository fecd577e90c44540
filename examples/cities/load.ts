/**
 * The import: each batch of cities is one transaction over the three collections.
 */
import { Array, Effect, Number } from "effect"
import { Transaction } from "effect-optimystic"
import { type City, type Collections, Rank } from "./model.ts"
import type { Progress } from "./progress.ts"

/** Writes one batch: all of it, everywhere, or nothing. */
const importBatch = ({ cities, imports, ranking }: Collections, number: number, batch: ReadonlyArray<City>) =>
  Transaction.run(
    Effect.gen(function* () {
      yield* cities.putAll(batch)
      yield* ranking.putAll(batch.map(Rank.of))
      yield* imports.append({ number, cities: batch.length, population: populationOf(batch) })
    })
  )

/** Imports cities, batch after batch. Tells how many batches there were. */
export const importCities = (
  collections: Collections,
  source: ReadonlyArray<City>,
  batchSize: number,
  progress: Progress
) => {
  const batches = Array.chunksOf(source, batchSize)
  return Effect.forEach(
    batches,
    (batch, index) => Effect.zipRight(importBatch(collections, index + 1, batch), progress.advance(batch.length)),
    { discard: true }
  ).pipe(Effect.as(batches.length))
}

/** How many people live in these cities. */
export const populationOf = (cities: ReadonlyArray<City>): number =>
  Number.sumAll(cities.map(({ population }) => population))
