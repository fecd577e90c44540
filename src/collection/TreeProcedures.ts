/** What the calls of a tree are made of: changes in their encoded form, and how they are applied. */
import * as Either from "effect/Either"
import { type DecodeError, Invalid, type LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import * as BTree from "../btree/BTree.ts"
import type { Written } from "./Collection.ts"
import type { KeyOrder } from "./KeyOrder.ts"
import { type Change, replaceAction } from "./TreeActions.ts"
import { encodeEntry, encodeKey, type TreeShape } from "./TreeView.ts"

/** What a change that cannot be made fails with. */
export type EncodeError = DecodeError | LimitExceeded | Invalid

/** The change that gives a key its entry. */
export const encodePut = <A, K>(shape: TreeShape<A, K>, entry: A): Either.Either<Change, DecodeError | LimitExceeded> =>
  Either.flatMap(encodeKey(shape, shape.keyOf(entry)), (key) =>
    Either.map(encodeEntry(shape, key, entry), (encoded): Change => [key, encoded])
  )

/** The change that gives a key this entry or, where undefined, none. The entry must have that key. */
export const encodeReplace = <A, K>(
  shape: TreeShape<A, K>,
  [key, entry]: readonly [K, A | undefined]
): Either.Either<Change, EncodeError> =>
  Either.flatMap(encodeKey(shape, key), (encoded) =>
    entry === undefined
      ? Either.right<Change>([encoded])
      : Either.filterOrLeft(
          encodePut(shape, entry),
          ([other]) => shape.keyOrder.compare(encoded, other) === 0,
          () => keyChanged(shape.name, encoded)
        )
  )

/** The error of an entry that is to replace one with another key. */
export const keyChanged = (name: string, key: Json): Invalid =>
  new Invalid({ reason: `The entry for key ${JSON.stringify(key)} of ${JSON.stringify(name)} has another key` })

/** Applies changes. Gives how many had an effect, and an action of those. */
export const applyChanges = (
  store: BlockStore,
  root: BlockId,
  compare: KeyOrder["compare"],
  changes: ReadonlyArray<Change>
): Written<number> => {
  const effective = changes.filter(([key, entry]) => {
    if (entry === undefined) return BTree.remove(store, root, compare, key) !== undefined
    BTree.set(store, root, compare, key, entry)
    return true
  })
  return { actions: effective.length > 0 ? [replaceAction(effective)] : [], result: effective.length }
}
