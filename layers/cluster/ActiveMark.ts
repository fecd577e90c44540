import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageError } from "../../schemas/Errors.ts"
import type { RawStorageService, StorageKey } from "../../services/RawStorage.ts"

const KEY: StorageKey = ["store", "", "active", ""]

const Mark = Schema.parseJson(Schema.Struct({ seenMillis: Schema.Number }))
const decode = Schema.decodeUnknownOption(Mark)

/** Notes that this node is active, and when. */
export const write = (raw: RawStorageService): Effect.Effect<void, StorageError> =>
  Effect.flatMap(Clock.currentTimeMillis, (seenMillis) =>
    raw.write([{ key: KEY, type: "put", value: JSON.stringify({ seenMillis }) }])
  )

/**
 * Whether this node was active less than so many milliseconds ago. Others have counted it all that time, and created nothing that it is to
 * keep: it need not begin as a newcomer, which would have others step in for it who were not asked to. Decision 30.
 */
export const isFresh = (raw: RawStorageService, millis: number): Effect.Effect<boolean, StorageError> =>
  Effect.zipWith(raw.get(KEY), Clock.currentTimeMillis, (text, now) => {
    const mark = Option.getOrUndefined(decode(text))
    return mark !== undefined && Math.abs(now - mark.seenMillis) < millis
  })
