/**
 * Runs an effect in virtual time on one thread, from one seed. Two runs of a seed are the same run.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { RuntimeFiber } from "effect/Fiber"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as RuntimeFlagsPatch from "effect/RuntimeFlagsPatch"
import { Entropy } from "../services/Entropy.ts"
import * as Prng from "../src/random/Prng.ts"
import { FifoQueue, RandomQueue } from "./RunQueue.ts"
import * as SeededEntropy from "./SeededEntropy.ts"
import * as SeededRandom from "./SeededRandom.ts"
import { SimulatedScheduler } from "./SimulatedScheduler.ts"
import { Deadlock, type SimulationError, StepLimitExceeded, TimeLimitExceeded } from "./SimulationError.ts"
import { Trace, type TraceEvent } from "./Trace.ts"
import { TraceRecorder } from "./TraceRecorder.ts"
import { VirtualClock } from "./VirtualClock.ts"

export { Deadlock, type SimulationError, StepLimitExceeded, TimeLimitExceeded } from "./SimulationError.ts"

/** How to run. */
export interface Options {
  readonly seed: number | string
  /** Which of the runnable fibers goes on: any of them, by the seed (the default), or the one that waits longest. */
  readonly interleave?: "random" | "fifo"
  /** At most this many tasks are run. Default {@link DEFAULT_MAX_STEPS}. */
  readonly maxSteps?: number
  /** No timer beyond this instant is waited for. Default {@link DEFAULT_MAX_VIRTUAL_MILLIS}. */
  readonly maxVirtualMillis?: number
  /** So many of the last recorded events are returned. Default {@link DEFAULT_KEEP_EVENTS}. */
  readonly keepEvents?: number
}

/** How it went. */
export interface Result<A, E> {
  /** The exit of the main fiber, or a failure that says why it did not get to one. */
  readonly exit: Exit.Exit<A, E | SimulationError>
  /** 16 hexadecimal digits over every scheduling decision, every jump of the clock and every recorded event. */
  readonly traceHash: string
  /** Tasks run. */
  readonly steps: number
  /** Virtual milliseconds passed. */
  readonly nowMillis: number
  /** The last recorded events, oldest first. */
  readonly events: ReadonlyArray<TraceEvent>
}

/** About ten seconds of real time. */
export const DEFAULT_MAX_STEPS = 10_000_000
/** One virtual day. */
export const DEFAULT_MAX_VIRTUAL_MILLIS = 86_400_000
/** Enough to see what led to a failure. */
export const DEFAULT_KEEP_EVENTS = 1_000

/** Finalizers of what is left at the end get this many steps, without a limit of virtual time. */
const CLOSING_STEPS = 100_000

/**
 * Runs an effect to its end, synchronously. It sees virtual time, seeded `Entropy`, seeded `Random`, and a `Trace`.
 * Tracing is off, as spans carry truly random ids. Fibers that outlive the main one are interrupted, outside the trace.
 */
export const run = <A, E>(effect: Effect.Effect<A, E, Entropy>, options: Options): Result<A, E> => {
  const root = Prng.make(options.seed)
  const clock = new VirtualClock()
  const trace = new TraceRecorder(options.keepEvents ?? DEFAULT_KEEP_EVENTS)
  const scheduler = new SimulatedScheduler(
    options.interleave === "fifo" ? new FifoQueue() : new RandomQueue(root.fork("schedule"))
  )
  const main = Effect.runFork(
    effect.pipe(
      Effect.provideService(Entropy, SeededEntropy.make(root.fork("entropy"))),
      Effect.provideService(Trace, trace),
      Effect.withRandom(SeededRandom.make(root.fork("random"))),
      Effect.withClock(clock),
      Effect.withTracerEnabled(false),
      // Nobody reads how many fibers there were.
      Effect.withRuntimeFlagsPatch(RuntimeFlagsPatch.disable(RuntimeFlags.RuntimeMetrics))
    ),
    { scheduler, immediate: false }
  )
  const exit = drive(main, { clock, scheduler, trace }, options)
  const result = {
    exit,
    traceHash: trace.digest(),
    steps: trace.steps,
    nowMillis: clock.nowMillis,
    events: trace.events()
  }
  close(clock, scheduler)
  return result
}

interface Machine {
  readonly clock: VirtualClock
  readonly scheduler: SimulatedScheduler
  readonly trace: TraceRecorder
}

const drive = <A, E>(
  main: RuntimeFiber<A, E>,
  { clock, scheduler, trace }: Machine,
  { maxSteps = DEFAULT_MAX_STEPS, maxVirtualMillis = DEFAULT_MAX_VIRTUAL_MILLIS }: Options
): Exit.Exit<A, E | SimulationError> => {
  const progress = () => ({ nowMillis: clock.nowMillis, steps: trace.steps, liveFibers: scheduler.liveFiberCount })
  for (;;) {
    const exit = main.unsafePoll()
    if (exit !== null) return exit
    const runnable = scheduler.runnableCount
    if (runnable > 0 && trace.steps >= maxSteps) return Exit.fail(new StepLimitExceeded({ ...progress(), maxSteps }))
    const lane = scheduler.pick()
    if (lane !== undefined) {
      trace.decision(lane.number, runnable)
      scheduler.runFirst(lane)
      continue
    }
    const deadline = clock.nextDeadlineMillis
    if (deadline === undefined) return Exit.fail(new Deadlock(progress()))
    if (deadline > maxVirtualMillis) return Exit.fail(new TimeLimitExceeded({ ...progress(), maxVirtualMillis }))
    clock.advance()
    trace.jump(clock.nowMillis)
  }
}

/**
 * Ends what is left, so that no finalizer is skipped and nothing of the run keeps the process alive. A real promise
 * that settles later finds a scheduler that nobody drives.
 */
const close = (clock: VirtualClock, scheduler: SimulatedScheduler): void => {
  scheduler.interruptAll()
  for (let steps = 0; steps < CLOSING_STEPS && scheduler.liveFiberCount > 0; steps++) {
    const lane = scheduler.pick()
    if (lane !== undefined) scheduler.runFirst(lane)
    else if (clock.nextDeadlineMillis === undefined) break
    else clock.advance()
  }
}
