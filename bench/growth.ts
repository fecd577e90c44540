import * as Effect from "effect/Effect"
import { collectGarbage, type Measurement, median, sum, timed, timedEach } from "./harness.ts"

/** The items of a history that are compared: as many from `early` on, and from `late` on. */
export interface Compared {
  readonly count: number
  readonly early: number
  readonly late: number
}

/**
 * How much longer late commits take than early ones. Two stores with one history, a long and a short one, take turns, so
 * that whatever the machine does meanwhile befalls both: the sum of the late ones ÷ that of the early ones. Beside it,
 * `p50`, the same of the medians, and `alone`, of the sums on the long store only, whatever else changed between them.
 */
export const measuredGrowth = Effect.fnUntraced(function* <A, E, R>(
  history: ReadonlyArray<A>,
  { count, early, late }: Compared,
  long: (item: A) => Effect.Effect<unknown, E, R>,
  short: (item: A) => Effect.Effect<unknown, E, R>
) {
  yield* Effect.forEach(history.slice(0, early), long, { discard: true })
  const alone = yield* timedEach(history.slice(early, early + count), long)
  yield* Effect.forEach(history.slice(early + count, late), long, { discard: true })
  yield* Effect.forEach(history.slice(0, early - 1), short, { discard: true })
  yield* collectGarbage
  // Tables of weak references are put in order at the first use after a collection: not a matter of either store.
  yield* short(history[early - 1]!)
  const earlyMillis: Array<number> = []
  const lateMillis: Array<number> = []
  for (let i = 0; i < count; i++) {
    lateMillis.push(yield* timed(long(history[late + i]!)))
    earlyMillis.push(yield* timed(short(history[early + i]!)))
  }
  return {
    value: sum(lateMillis) / sum(earlyMillis),
    p50: median(lateMillis) / median(earlyMillis),
    alone: sum(lateMillis) / sum(alone),
    earlyMillis: sum(earlyMillis),
    lateMillis: sum(lateMillis)
  } satisfies Measurement
})
