/**
 * The import: batch after batch through one node. In the middle of it another is killed, and started again later.
 */
import { Array, Clock, Effect, Fiber, Number } from "effect"
import type { City } from "./model.ts"
import type { CityNode } from "./network.ts"
import type { Progress } from "./progress.ts"

/** Who imports what, and who is killed meanwhile. */
export interface Import {
  readonly writer: CityNode
  readonly victim: CityNode
  readonly batches: ReadonlyArray<ReadonlyArray<City>>
  readonly progress: Progress
}

/** How an import went. Durations in milliseconds. */
export interface Imported {
  /** What each transaction took until it was acknowledged. */
  readonly latencies: ReadonlyArray<number>
  readonly took: number
  /** Transactions that were committed while a node was dead. */
  readonly without: number
  /** The longest time without an acknowledgement, from the kill to the restart. */
  readonly gap: number
  /** When the node that was killed could be reached again, as a time of the clock. */
  readonly returnedAt: number
}

/** The longest pause between moments that follow each other. */
const longestPause = (moments: ReadonlyArray<number>): number =>
  Array.reduce(
    Array.zipWith(moments, moments.slice(1), (before, after) => after - before),
    0,
    Number.max
  )

/** Imports all batches. A third of them are committed before the kill, a third while the node is dead. */
export const importAll = ({ batches, progress, victim, writer }: Import) =>
  Effect.gen(function* () {
    const killAt = Math.floor(batches.length / 3)
    const restartAt = Math.floor((2 * batches.length) / 3)
    const started = yield* Clock.currentTimeMillis
    const latencies: Array<number> = []
    const acknowledged: Array<number> = [started]
    const returning = Effect.zipRight(victim.start, Clock.currentTimeMillis)
    let returned: Effect.Effect<number, Effect.Effect.Error<typeof returning>> = returning
    for (const [index, cities] of batches.entries()) {
      // Neither is waited for: transactions are under way as the node dies, and as it comes back.
      if (index === killAt) yield* Effect.fork(victim.kill)
      if (index === restartAt) returned = Fiber.join(yield* Effect.fork(returning))
      latencies.push(yield* writer.process.client.Import({ cities, number: index + 1 }))
      acknowledged.push(yield* Clock.currentTimeMillis)
      yield* progress.advance(cities.length)
    }
    const took = (yield* Clock.currentTimeMillis) - started
    return {
      gap: longestPause(acknowledged.slice(killAt, restartAt + 1)),
      latencies,
      returnedAt: yield* returned,
      took,
      without: restartAt - killAt
    }
  })
