import * as Data from "effect/Data"

/** How far a run had come when it was given up. */
interface Progress {
  readonly nowMillis: number
  readonly steps: number
  /** Fibers that had started and not ended. */
  readonly liveFibers: number
}

const progress = ({ nowMillis, steps, liveFibers }: Progress): string =>
  `at virtual millisecond ${nowMillis}, after ${steps} steps, with ${liveFibers} live fiber(s)`

/** Nothing can run and no timer is pending, but the main fiber has not ended. */
export class Deadlock extends Data.TaggedError("Deadlock")<Progress> {
  override get message() {
    return (
      `Deadlock ${progress(this)}: each waits for something that nothing left can bring about. ` +
      "A real promise, timer or I/O cannot complete inside a simulation: use a simulated layer for it"
    )
  }
}

/** The run took more steps than allowed: it loops, or the limit is too low. */
export class StepLimitExceeded extends Data.TaggedError("StepLimitExceeded")<Progress & { readonly maxSteps: number }> {
  override get message() {
    return `Still running ${progress(this)}; the limit is ${this.maxSteps} steps (maxSteps)`
  }
}

/**
 * The next timer lies beyond the virtual time allowed: the main fiber waits too long, or for ever beside a periodic
 * task.
 */
export class TimeLimitExceeded extends Data.TaggedError("TimeLimitExceeded")<
  Progress & { readonly maxVirtualMillis: number }
> {
  override get message() {
    return `Still waiting ${progress(this)}; the limit is ${this.maxVirtualMillis} virtual milliseconds (maxVirtualMillis)`
  }
}

/** Why a run ended before its main fiber. */
export type SimulationError = Deadlock | StepLimitExceeded | TimeLimitExceeded
