/** What a tree keeps in its log, and how that is read back. */
import * as Either from "effect/Either"
import type { Action } from "../../schemas/Collection.ts"
import { DecodeError } from "../../schemas/Errors.ts"
import type { Json } from "../../schemas/Json.ts"
import { decodeEntry, type TreeShape } from "./TreeView.ts"

/** A change of one key in its encoded form; without an entry the key is removed. As the log keeps it. */
export type Change = readonly [key: Json, entry: Json] | readonly [key: Json]

/** A change of a tree, as its log tells it. */
export type TreeChange<A, K> =
  | { readonly _tag: "Put"; readonly key: K; readonly entry: A }
  | { readonly _tag: "Removed"; readonly key: K }
  | { readonly _tag: "Cleared" }

const REPLACE = "replace"

/** The action of some changes. */
export const replaceAction = (changes: ReadonlyArray<Change>): Action => ({ data: changes, type: REPLACE })

/** The action of removing everything. */
export const CLEAR: Action = { data: null, type: "clear" }

const isChange = (value: Json): value is Change => Array.isArray(value) && (value.length === 1 || value.length === 2)

/** The changes of an action; an error of the first that does not fit, with its key. */
export const decodeAction = <A, K>(
  shape: TreeShape<A, K>,
  { data, type }: Action
): Either.Either<ReadonlyArray<TreeChange<A, K>>, DecodeError> => {
  if (type === CLEAR.type) return Either.right([{ _tag: "Cleared" }])
  if (type !== REPLACE || !Array.isArray(data) || !data.every(isChange)) {
    return Either.left(
      new DecodeError({ collection: shape.name, key: null, reason: `"${type}" is no action of a tree` })
    )
  }
  return Either.all(data.map((change) => decodeChange(shape, change)))
}

const decodeChange = <A, K>(
  shape: TreeShape<A, K>,
  [encoded, stored]: Change
): Either.Either<TreeChange<A, K>, DecodeError> =>
  Either.gen(function* () {
    const key = yield* Either.mapLeft(
      shape.key.decode(encoded),
      (reason) => new DecodeError({ collection: shape.name, key: encoded, reason })
    )
    if (stored === undefined) return { _tag: "Removed", key }
    return { _tag: "Put", entry: yield* decodeEntry(shape, encoded, stored), key }
  })
