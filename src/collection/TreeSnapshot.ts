/** A local snapshot of a tree. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Action } from "../../schemas/Collection.ts"
import * as BTree from "../btree/BTree.ts"
import type { Actions } from "./Actions.ts"
import type { CollectionError, OpenCollection } from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import * as LocalSnapshot from "./LocalSnapshot.ts"
import type { Snapshot } from "./Snapshot.ts"
import { type Change, CLEAR, decodeAction, replaceAction, type TreeChange } from "./TreeActions.ts"
import { applyChanges, encodeReplace } from "./TreeProcedures.ts"
import { make as makeView, type TreeShape, type TreeView } from "./TreeView.ts"

/** A tree as it was at one revision, and what was done to this snapshot of it since. */
export interface TreeSnapshot<A, K> extends TreeView<A, K>, Snapshot<TreeChange<A, K>> {
  /** Makes changes here, not yet for others: all of them, or none. */
  readonly act: (...changes: ReadonlyArray<TreeChange<A, K>>) => Effect.Effect<void, CollectionError>
  /** Gives the key of an entry this entry. */
  readonly put: (entry: A) => Effect.Effect<void, CollectionError>
  /** As `put`, for several: all of them, or none. */
  readonly putAll: (entries: Iterable<A>) => Effect.Effect<void, CollectionError>
  /** Removes the entry of a key; when it is committed, too, whether or not there is one by now. */
  readonly delete: (key: K) => Effect.Effect<void, CollectionError>
  /** Removes everything; when it is committed, also what was put by others until then. */
  readonly clear: Effect.Effect<void, CollectionError>
}

/** What becomes of pending changes of a tree where others were first. */
export type TreeConflictFilter<A, K> = ConflictFilter<TreeChange<A, K>>

const put = <A, K>({ keyOf }: TreeShape<A, K>, entry: A): TreeChange<A, K> => ({
  _tag: "Put",
  entry,
  key: keyOf(entry)
})

const actionsOf = <A, K>(
  shape: TreeShape<A, K>,
  filterConflict: TreeConflictFilter<A, K> | undefined
): Actions<TreeChange<A, K>> => ({
  decode: (action) => decodeAction(shape, action),
  encode: (change) =>
    change._tag === "Cleared"
      ? Either.right(CLEAR)
      : Either.map(encodeReplace(shape, [change.key, change._tag === "Put" ? change.entry : undefined]), (encoded) =>
          replaceAction([encoded])
        ),
  filterConflict,
  name: shape.name,
  perform: (store, { root }, action: Action) => {
    if (action.type !== CLEAR.type) {
      return applyChanges(store, root!, shape.keyOrder.compare, action.data as unknown as ReadonlyArray<Change>)
    }
    BTree.clear(store, root!)
    return { actions: [action], result: undefined }
  }
})

/** Opens a local snapshot of a tree's latest committed state. */
export const make = <A, K>(
  shape: TreeShape<A, K>,
  collection: OpenCollection,
  filterConflict: TreeConflictFilter<A, K> | undefined
): Effect.Effect<TreeSnapshot<A, K>, CollectionError> =>
  Effect.map(LocalSnapshot.make(collection, actionsOf(shape, filterConflict)), (local) => {
    const actAll = (changes: ReadonlyArray<TreeChange<A, K>>) => Effect.asVoid(local.act(changes))
    return LocalSnapshot.publicOf(local, {
      ...makeView(shape, local.read, local.reader),
      act: (...changes: ReadonlyArray<TreeChange<A, K>>) => actAll(changes),
      clear: actAll([{ _tag: "Cleared" }]),
      delete: (key: K) => actAll([{ _tag: "Removed", key }]),
      put: (entry: A) => Effect.suspend(() => actAll([put(shape, entry)])),
      putAll: (entries: Iterable<A>) => Effect.suspend(() => actAll(Array.from(entries, (entry) => put(shape, entry))))
    })
  })
