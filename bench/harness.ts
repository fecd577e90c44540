/**
 * What a benchmark is, and the arithmetic that all of them share.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** What one run measured: the figure itself, and further figures beside it. */
export interface Measurement {
  readonly value: number
  readonly [field: string]: number
}

/** What a benchmark must reach: as text, and as a question to its measurement. */
export interface Target {
  readonly text: string
  readonly met: (measured: Measurement) => boolean
}

/** Where a benchmark may write. */
export interface Workplace {
  /** A new, empty folder, removed with the scope. */
  readonly folder: Effect.Effect<string, unknown, Scope.Scope>
}

/** One run, in a scope of its own. */
export type Run = Effect.Effect<Measurement, unknown, Scope.Scope>

/** A benchmark: what it measures, what it must reach, and how it is run. */
export interface Benchmark {
  readonly name: string
  readonly unit: string
  /** What is done, and from when to when it is measured, where the name does not say it. */
  readonly method?: string
  readonly target: Target
  /** Runs whose median counts, unless told otherwise. */
  readonly runs: number
  /** Whether it waits for the disk: its figure counts only on a real one. */
  readonly durable: boolean
  /** Takes minutes: it is run only where it is named. */
  readonly isLong?: boolean
  /** Makes what all runs share, outside what is measured, and gives the effect of one run. The first run warms up. */
  readonly prepare: (workplace: Workplace) => Effect.Effect<Run, unknown, Scope.Scope>
}

// ── Targets ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const plain = (bound: number): string => bound.toLocaleString("en-US")

/** A figure is to be at least this. */
export const atLeast = (bound: number, field = "value"): Target => ({
  met: (measured) => (measured[field] ?? Number.NEGATIVE_INFINITY) >= bound,
  text: `${field === "value" ? "" : `${field} `}≥ ${plain(bound)}`
})

/** A figure is to be at most this. */
export const atMost = (bound: number, field = "value"): Target => ({
  met: (measured) => (measured[field] ?? Number.POSITIVE_INFINITY) <= bound,
  text: `${field === "value" ? "" : `${field} `}≤ ${plain(bound)}`
})

/** All of several targets. */
export const allOf = (...targets: ReadonlyArray<Target>): Target => ({
  met: (measured) => targets.every(({ met }) => met(measured)),
  text: targets.map(({ text }) => text).join(", ")
})

// ── Statistics ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** The value below which a share of the samples lies: nearest rank. */
export const percentile = (samples: ReadonlyArray<number>, share: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN
}

/** The value in the middle, or between the two in the middle. */
export const median = (samples: ReadonlyArray<number>): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The sum of all samples. */
export const sum = (samples: ReadonlyArray<number>): number => samples.reduce((total, sample) => total + sample, 0)

/** The measurement whose every field is the median of that field over the runs. */
export const medians = (runs: readonly [Measurement, ...Array<Measurement>]): Measurement => ({
  value: median(runs.map(({ value }) => value)),
  ...Object.fromEntries(Object.keys(runs[0]).map((field) => [field, median(runs.map((run) => run[field]!))]))
})

const MILLIS_PER_SECOND = 1000
const MICROS_PER_MILLI = 1000

/** What took some milliseconds, as a rate per second. */
export const perSecond = (count: number, millis: number): number => (count * MILLIS_PER_SECOND) / millis

// ── Timing ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** How long an effect takes, in milliseconds. */
export const timed = <E, R>(effect: Effect.Effect<unknown, E, R>): Effect.Effect<number, E, R> =>
  Effect.suspend(() => {
    const started = performance.now()
    return Effect.map(effect, () => performance.now() - started)
  })

/** Uses items one after the other; how long each took, in milliseconds. */
export const timedEach = <A, E, R>(
  items: Iterable<A>,
  use: (item: A) => Effect.Effect<unknown, E, R>
): Effect.Effect<ReadonlyArray<number>, E, R> => Effect.forEach(items, (item) => timed(use(item)))

/**
 * Uses items one after the other, after the first few, which do not count: how many per second; what half and nearly all
 * of them took at most, in milliseconds; and the processor's time for each, also in milliseconds, which a busy machine
 * lengthens less.
 */
export const measuredEach = <A, E, R>(
  items: ReadonlyArray<A>,
  uncounted: number,
  use: (item: A) => Effect.Effect<unknown, E, R>
): Effect.Effect<Measurement, E, R> =>
  Effect.gen(function* () {
    yield* collectGarbage
    // After the collection: the first use of what it has touched pays for it.
    yield* Effect.forEach(items.slice(0, uncounted), use, { discard: true })
    const cpuBefore = process.cpuUsage()
    const millis = yield* timedEach(items.slice(uncounted), use)
    const { system, user } = process.cpuUsage(cpuBefore)
    return {
      ...ratePerSecond(millis),
      cpu: (system + user) / MICROS_PER_MILLI / millis.length
    }
  })

/** Of durations of single operations, in milliseconds: the rate, and the median and the 99th percentile. */
export const ratePerSecond = (millis: ReadonlyArray<number>): Measurement => ({
  value: perSecond(millis.length, sum(millis)),
  p50: percentile(millis, 0.5),
  p99: percentile(millis, 0.99)
})

/** Gives back what earlier work left behind, so that it is not charged to what is measured next. Needs `--expose-gc`. */
export const collectGarbage: Effect.Effect<void> = Effect.sync(() => globalThis.gc?.())

/** Pieces of an array, of a size each. */
export const slicesOf = <A>(items: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size))
