import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { TimerQueue } from "./TimerQueue.ts"

const NANOS_PER_MILLI = 1e6

/**
 * A clock that stands still until it is told to jump to the next timer. It starts at 0; sleeps may be fractions of a
 * millisecond.
 */
export class VirtualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: Clock.ClockTypeId = Clock.ClockTypeId
  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())
  private readonly timers = new TimerQueue()
  private now = 0

  /** Virtual milliseconds since the start, with their fraction. */
  get nowMillis(): number {
    return this.now
  }

  /** When the next timer is due, or undefined if none is pending. */
  get nextDeadlineMillis(): number | undefined {
    return this.timers.nextDeadlineMillis
  }

  /** Jumps to the next deadline and fires every timer that is due then. Nothing happens if none is pending. */
  advance(): void {
    const deadline = this.timers.nextDeadlineMillis
    if (deadline === undefined) return
    this.now = deadline
    // All of one instant at once: which of the woken runs first is the scheduler's to decide.
    while (this.timers.nextDeadlineMillis === deadline) this.timers.take()?.()
  }

  /** Calls a function at an instant, or now where that is past. The result cancels it, and tells whether it was pending. */
  at(deadlineMillis: number, task: () => void): () => boolean {
    return this.timers.add(Math.max(deadlineMillis, this.now), task)
  }

  /** Whole milliseconds, as `Date.now` gives them. */
  unsafeCurrentTimeMillis(): number {
    return Math.floor(this.now)
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.round(this.now * NANOS_PER_MILLI))
  }

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const deadline = this.now + Duration.toMillis(duration)
      // Endless sleep is no timer: whoever waits for it only is deadlocked.
      if (!Number.isFinite(deadline)) return Effect.void
      const cancel = this.at(deadline, () => resume(Effect.void))
      return Effect.sync(() => {
        cancel()
      })
    })
  }
}

/** Uses the clock of the simulation around it. */
export const withVirtualClock = <A, E, R>(
  use: (clock: VirtualClock) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) =>
    clock instanceof VirtualClock ? use(clock) : Effect.dieMessage("It runs inside a simulation only")
  )
