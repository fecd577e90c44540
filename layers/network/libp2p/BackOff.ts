import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as ScheduleIntervals from "effect/ScheduleIntervals"

/** How long a peer is left alone after each time it could not be reached, one after the other. Where it ends, the last pause stays. */
export type BackOffPolicy = Schedule.Schedule<unknown>

const FIRST_PAUSE = "100 millis"
const LONGEST_PAUSE = "20 seconds"

/** From 100 ms, doubling up to 20 s, with some chance: peers that lost each other do not meet in step. */
export const defaultBackOff: BackOffPolicy = Schedule.exponential(FIRST_PAUSE).pipe(
  Schedule.union(Schedule.spaced(LONGEST_PAUSE)),
  Schedule.jittered
)

/** When a peer that could not be reached may be tried again. */
export class BackOff {
  readonly #policy: BackOffPolicy
  #state: unknown
  #failures = 0
  #pauseMillis = 0
  #retryMillis = 0

  constructor(policy: BackOffPolicy) {
    this.#policy = policy
    this.#state = policy.initial
  }

  /** Failures since the peer was there last. */
  get failures(): number {
    return this.#failures
  }

  /** How long there is still to wait, in milliseconds. */
  leftMillis(nowMillis: number): number {
    return Math.max(0, this.#retryMillis - nowMillis)
  }

  /** The peer could not be reached, or hung up before it had answered anything. */
  readonly failed: Effect.Effect<void> = Effect.suspend(() => {
    const now = performance.now()
    return Effect.map(this.#policy.step(now, undefined, this.#state), ([state, , decision]) => {
      this.#state = state
      if (ScheduleDecision.isContinue(decision)) this.#pauseMillis = ScheduleIntervals.start(decision.intervals) - now
      this.#failures++
      this.#retryMillis = now + this.#pauseMillis
    })
  })

  /** The peer is there, or may be: it is tried at once. */
  reset(): void {
    this.#state = this.#policy.initial
    this.#failures = 0
    this.#pauseMillis = 0
    this.#retryMillis = 0
  }
}
