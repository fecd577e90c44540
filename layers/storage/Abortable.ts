import * as Effect from "effect/Effect"
import type { StorageUnavailable } from "../../schemas/Errors.ts"
import { unavailable } from "./StorageFailure.ts"

/**
 * A promise of work on files as an effect. Interrupted, it is told by its signal, and waited for: whoever cleans up after it finds
 * it ended.
 */
export const abortable = <A, E = StorageUnavailable>(
  operation: string,
  run: (signal: AbortSignal) => Promise<A>,
  failure: (cause: unknown) => E | StorageUnavailable = unavailable(operation)
): Effect.Effect<A, E | StorageUnavailable> =>
  Effect.async((resume) => {
    const controller = new AbortController()
    const ended = run(controller.signal).then(
      (value) => resume(Effect.succeed(value)),
      (cause: unknown) => resume(Effect.fail(failure(cause)))
    )
    return Effect.promise(() => {
      controller.abort()
      return ended
    })
  })
