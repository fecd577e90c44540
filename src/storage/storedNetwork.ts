import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { StorageUnavailable } from "../../schemas/Errors.ts"
import type { ActionId } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { RawStorageService } from "../../services/RawStorage.ts"
import { keys } from "./records.ts"

/** Transactions that are looked at: one tells, if it is not damaged. */
const ATTEMPTS = 8

const decode = Schema.decodeOption(
  Schema.parseJson(Schema.Struct({ manifest: Schema.Struct({ network: NetworkName }) }))
)

/** The network that the transactions of a store are of; undefined where it has none that can be read. */
export const storedNetwork = Effect.fnUntraced(function* (
  raw: RawStorageService
): Effect.fn.Return<NetworkName | undefined, StorageUnavailable> {
  const unlessCorrupt = <A, B>(
    read: Effect.Effect<A, StorageUnavailable | { readonly _tag: "CorruptRecord" }>,
    other: B
  ) => Effect.catchTag(read, "CorruptRecord", () => Effect.succeed(other))
  for (const action of yield* unlessCorrupt(raw.blocks("transaction", { limit: ATTEMPTS }), [])) {
    const text = yield* unlessCorrupt(raw.get(keys.manifest(action as ActionId)), undefined)
    const stored = Option.fromNullable(text).pipe(Option.flatMap(decode))
    if (Option.isSome(stored)) return stored.value.manifest.network
  }
  return undefined
})
