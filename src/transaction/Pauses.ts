import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"

/** The pauses of a retry policy, one by one: whoever asks for one may wait for it, or has waited otherwise. Fails when it ends. */
export const pausesOf = (
  retry: Schedule.Schedule<unknown>
): Effect.Effect<Effect.Effect<Duration.Duration, Option.Option<never>>> =>
  Effect.suspend(() => {
    let pause = Duration.zero
    const atOnce = Schedule.modifyDelay(retry, (_out, delay) => {
      pause = delay
      return Duration.zero
    })
    return Effect.map(Schedule.driver(atOnce), (driver) => Effect.map(driver.next(undefined), () => pause))
  })
