/**
 * The import: each batch of cities is one transaction over the three collections.
 */
import { Effect } from "effect"
import { Transaction } from "effect-optimystic"
import { Batch, type City, type Collections, Rank } from "./model.ts"

/** Writes one batch: all of it, everywhere, or nothing. */
export const importBatch = ({ cities, imports, ranking }: Collections, number: number, batch: ReadonlyArray<City>) =>
  Transaction.run(
    Effect.gen(function* () {
      yield* cities.putAll(batch)
      yield* ranking.putAll(batch.map(Rank.of))
      yield* imports.append(Batch.of(number, batch))
    })
  )
