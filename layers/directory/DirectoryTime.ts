import type * as Clock from "effect/Clock"

/** A look at the clock that comes later than this was held up, with all of the program: not so much time has passed here. */
const MAX_STEP_MILLIS = 60_000

/**
 * The directory's own time, in milliseconds from its start: it only grows, and knows no leaps. A clock that is set, or a machine
 * that slept for a week, must not have everybody forgotten at once.
 */
export const make = (clock: Clock.Clock): (() => number) => {
  let seen = clock.unsafeCurrentTimeMillis()
  let passed = 0
  return () => {
    const now = clock.unsafeCurrentTimeMillis()
    passed += Math.min(MAX_STEP_MILLIS, Math.max(0, now - seen))
    seen = now
    return passed
  }
}
