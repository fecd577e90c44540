import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { CorruptRecord, type StorageError, type StorageUnavailable } from "../../schemas/Errors.ts"
import type { ActionId } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { RawStorageService } from "../../services/RawStorage.ts"
import { keys } from "./records.ts"

/** Transactions that are looked at: one tells, if it is not damaged. */
const ATTEMPTS = 8

const decode = Schema.decodeOption(
  Schema.parseJson(Schema.Struct({ manifest: Schema.Struct({ network: NetworkName }) }))
)

/** The network of one transaction, or why it cannot be told. */
const networkOf = (
  raw: RawStorageService,
  action: ActionId
): Effect.Effect<Either.Either<NetworkName, CorruptRecord>, StorageUnavailable> => {
  const key = keys.manifest(action)
  return raw.get(key).pipe(
    Effect.map((text) =>
      Option.fromNullable(text).pipe(
        Option.flatMap(decode),
        Either.fromOption(() => new CorruptRecord({ key: key.join("/"), reason: "names no network" })),
        Either.map(({ manifest }) => manifest.network)
      )
    ),
    Effect.catchTag("CorruptRecord", (corrupt) => Effect.succeed(Either.left(corrupt)))
  )
}

/**
 * The network that the transactions of a store are of; undefined where it has none. Fails where none can be read: what is
 * then written in another would stand in the same logs, and never verify.
 */
export const storedNetwork = Effect.fnUntraced(function* (
  raw: RawStorageService
): Effect.fn.Return<NetworkName | undefined, StorageError> {
  let first: CorruptRecord | undefined
  for (const action of yield* raw.blocks("transaction", { limit: ATTEMPTS })) {
    const network = yield* networkOf(raw, action as ActionId)
    if (Either.isRight(network)) return network.right
    first ??= network.left
  }
  return first === undefined ? undefined : yield* first
})
