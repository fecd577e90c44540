/**
 * A node in a process of its own, and what the example has it do: `main.ts` starts four of them.
 */
import { Chunk, Clock, Effect, Layer, Option, Stream } from "effect"
import { Collections, type Database } from "effect-optimystic"
import { failedBy } from "../../bench/processes/NodeRpcs.ts"
import { nodeHandlers, nodeOfProcess, onOwnStore } from "../../bench/processes/nodeHandlers.ts"
import { serve } from "../../bench/processes/serve.ts"
import { CityOnlyRpcs, CityRpcs, Verified } from "./CityRpcs.ts"
import { importBatch } from "./load.ts"
import { type Collections as AllCollections, Cities, Imports, openCollections, Ranking } from "./model.ts"
import { citiesIn } from "./queries.ts"

type Failure = Parameters<typeof failedBy>[0]

/** Does something with the three collections; what goes wrong is told in words. */
const withCollections = <A, E extends Failure>(use: (collections: AllCollections) => Effect.Effect<A, E, Database>) =>
  Effect.mapError(Effect.flatMap(openCollections, use), failedBy)

const streamOf = <A, E extends Failure>(entries: (collections: AllCollections) => Stream.Stream<A, E, Database>) =>
  Stream.mapError(Stream.unwrap(Effect.map(openCollections, entries)), failedBy)

/** An effect's value, and how many milliseconds it took. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const started = yield* Clock.currentTimeNanos
    const value = yield* effect
    return { millis: Number((yield* Clock.currentTimeNanos) - started) / 1e6, value }
  })

const verified = (name: string) =>
  Effect.map(
    Collections.verify(name),
    ({ problems, revisions }) =>
      new Verified({ name, problems: problems.map((problem) => JSON.stringify(problem)), revisions })
  )

const handlers = CityOnlyRpcs.toLayer({
  Batches: () => withCollections(({ imports }) => Effect.map(Stream.runCollect(imports.read()), Chunk.toReadonlyArray)),
  Cities: () => streamOf(({ cities }) => cities.range()),
  CitiesIn: (range) =>
    withCollections((collections) => Effect.map(citiesIn(collections, range), Chunk.toReadonlyArray)),
  Create: () => withCollections(() => Effect.void),
  Get: ({ ids }) =>
    withCollections(({ cities }) =>
      Effect.map(
        Effect.forEach(ids, (id) => timed(cities.get(id))),
        (found) => ({
          cities: found.flatMap(({ value }) => Option.toArray(value)),
          millis: found.map(({ millis }) => millis)
        })
      )
    ),
  Import: ({ cities, number }) =>
    withCollections((collections) =>
      Effect.map(timed(importBatch(collections, number, cities)), ({ millis }) => millis)
    ),
  Ranks: () => streamOf(({ ranking }) => ranking.range()),
  Verify: () =>
    Effect.mapError(onOwnStore(Effect.forEach([Cities, Ranking, Imports], ({ name }) => verified(name))), failedBy)
})

serve(CityRpcs, Layer.provide(Layer.merge(nodeHandlers, handlers), nodeOfProcess))
