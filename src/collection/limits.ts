import * as Effect from "effect/Effect"
import { Invalid } from "../../schemas/Errors.ts"

/** Bytes of a key's canonical JSON. */
export const MAX_KEY_BYTES = 4 * 1024
/** Bytes of an entry's canonical JSON. */
export const MAX_ENTRY_BYTES = 128 * 1024

/** Actions that may be pending in one local snapshot. */
export const MAX_PENDING_ACTIONS = 10_000

/** Fails unless a number of entries, or the index of one, is a whole number from 0 up; a limit may also be infinite. */
export const checkCount = (what: string, count: number | undefined): Effect.Effect<void, Invalid> =>
  count === undefined || count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 0)
    ? Effect.void
    : Effect.fail(new Invalid({ reason: `${what} is ${count}; it must be a whole number, 0 or more` }))
