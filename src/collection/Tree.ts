/**
 * A tree: entries of one schema by key, in the order of their keys.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { type DecodeError, EntryNotFound, type Invalid, type LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { expectBlock } from "../block/BlockStore.ts"
import type { Tracker } from "../block/Tracker.ts"
import * as BTree from "../btree/BTree.ts"
import { treeStructure } from "../btree/verifyTreePage.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import { Database } from "../transaction/Database.ts"
import { run } from "../transaction/Transaction.ts"
import { type Chronicle, make as makeChronicle } from "./Chronicle.ts"
import * as Collection from "./Collection.ts"
import { builtIn, type KeyOrder } from "./KeyOrder.ts"
import { type Change, CLEAR, decodeAction, replaceAction, type TreeChange } from "./TreeActions.ts"
import { applyChanges, encodePut, encodeReplace, keyChanged } from "./TreeProcedures.ts"
import { make as makeSnapshot, type TreeConflictFilter, type TreeSnapshot } from "./TreeSnapshot.ts"
import { decodeEntry, encodeKey, make as makeView, type TreeShape, type TreeView } from "./TreeView.ts"
import * as ValueCodec from "./ValueCodec.ts"

export type { ChangesOptions, Commit } from "./Changes.ts"
export type { HistoryEntry, HistoryOptions } from "./History.ts"
export type { KeyOrder } from "./KeyOrder.ts"
export type { TreeChange } from "./TreeActions.ts"
export type { TreeConflictFilter, TreeSnapshot } from "./TreeSnapshot.ts"
export type { Range, RangeOptions, TreeView } from "./TreeView.ts"

/** What a tree is: its name, and the schemas of its entries and keys. */
export interface TreeDefinition<A, K> extends TreeShape<A, K> {
  readonly placement: Collection.Placement
  readonly filterConflict?: TreeConflictFilter<A, K>
}

/** The type of the entries of a tree. */
export type Entry<Definition> = Definition extends TreeDefinition<infer A, infer _K> ? A : never

/** The type of the keys of a tree. */
export type Key<Definition> = Definition extends TreeDefinition<infer _A, infer K> ? K : never

/** How a tree is defined. */
export interface TreeOptions<A, I, K, KI> {
  /** The schema of entries. Entries of a `Schema.Class` may also be given as their plain fields. */
  readonly entry: Schema.Schema<A, I>
  /** The schema of keys. Strings, numbers and tuples of them have an order; others need `keyOrder`. */
  readonly key: Schema.Schema<K, KI>
  /** The key of an entry. */
  readonly keyOf: (entry: A) => K
  /** An order of encoded keys, by a name under which the collection remembers it. */
  readonly keyOrder?: KeyOrder
  /** Where the blocks live: `together` (default) or, for large trees of a network, `scatter`. */
  readonly placement?: Collection.Placement
  /** What becomes of the pending changes of a local snapshot where others were first. By default they stay. */
  readonly filterConflict?: TreeConflictFilter<NoInfer<A>, NoInfer<K>>
}

/** An open tree. Each call is part of the transaction that its fiber is in, or else a transaction of its own. */
export interface Tree<A, K> extends TreeView<A, K>, Chronicle<TreeChange<A, K>, TreeView<A, K>> {
  readonly name: string
  /** Gives the key of an entry this entry, in place of the one it had. */
  readonly put: (entry: A) => Effect.Effect<void, Collection.CollectionError>
  /** As `put`, for several: all of them, or none. */
  readonly putAll: (entries: Iterable<A>) => Effect.Effect<void, Collection.CollectionError>
  /** Changes the entry of a key, which must have one. The key stays the same. `change` may run more than once. */
  readonly modify: (key: K, change: (entry: A) => A) => Effect.Effect<A, Collection.CollectionError | EntryNotFound>
  /** As `modify`, where the key need not have an entry. */
  readonly upsert: (key: K, change: (entry: Option.Option<A>) => A) => Effect.Effect<A, Collection.CollectionError>
  /** Removes the entry of a key; tells whether there was one. */
  readonly delete: (key: K) => Effect.Effect<boolean, Collection.CollectionError>
  /** As `delete`, for several: all of them, or none. Tells how many there were. */
  readonly deleteAll: (keys: Iterable<K>) => Effect.Effect<number, Collection.CollectionError>
  /** Removes everything. */
  readonly clear: Effect.Effect<void, Collection.CollectionError>
  /** Gives keys these entries, or, where undefined, none: all of it, or nothing. */
  readonly replace: (
    changes: Iterable<readonly [key: K, entry: A | undefined]>
  ) => Effect.Effect<void, Collection.CollectionError>
  /** The latest committed state, to read from without asking again, and to change before others see it. */
  readonly snapshot: Effect.Effect<TreeSnapshot<A, K>, Collection.CollectionError>
}

/** Changes that are applied and logged in one go: their log action stays well below the largest one. */
const CHUNK_CHANGES = 64
const CHUNK_BYTES = 128 * 1024

/** Defines a tree, to be opened in any database. */
export const define = <A, I, K, KI>(name: string, options: TreeOptions<A, I, K, KI>): TreeDefinition<A, K> => {
  const keyOrder = options.keyOrder ?? builtIn(options.key)
  if (keyOrder === undefined) {
    throw new TypeError(
      `Tree ${JSON.stringify(name)}: its keys are not strings, numbers or tuples of them: give a keyOrder`
    )
  }
  return {
    entry: ValueCodec.make(options.entry),
    ...(options.filterConflict !== undefined && { filterConflict: options.filterConflict }),
    key: ValueCodec.make(options.key),
    keyOf: options.keyOf,
    keyOrder,
    name,
    placement: options.placement ?? "together"
  }
}

const shapeOf = <A, K>({ keyOrder, name, placement }: TreeDefinition<A, K>): Collection.CollectionShape => ({
  createRoot: BTree.create,
  keyOrder: keyOrder.name,
  kind: "tree",
  name,
  placement
})

/** Opens a tree that exists. */
export const open = <A, K>(
  definition: TreeDefinition<A, K>
): Effect.Effect<Tree<A, K>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.open(shapeOf(definition)), (collection) => make(definition, collection))

/** Opens a tree, and creates it where it does not exist. */
export const openOrCreate = <A, K>(
  definition: TreeDefinition<A, K>
): Effect.Effect<Tree<A, K>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.openOrCreate(shapeOf(definition)), (collection) => make(definition, collection))

const make = <A, K>(definition: TreeDefinition<A, K>, collection: Collection.OpenCollection): Tree<A, K> => {
  const { keyOrder, name } = definition
  const { compare } = keyOrder
  /** Half of what a transaction may change: the rest is for whatever else it does. */
  const mostCleared = Math.floor(collection.database.limits.maxTransactionBlocks / 2)

  const apply = (changes: ReadonlyArray<Change>) =>
    collection.write((store, { root }) => applyChanges(store, root!, compare, changes))

  /** Applies changes chunk by chunk, in one transaction. Tells how many had an effect. */
  const applyAll = (changes: ReadonlyArray<Change>): Effect.Effect<number, Collection.CollectionError> => {
    const [first, ...others] = chunksOf(changes)
    if (first === undefined) return Effect.succeed(0)
    if (others.length === 0) return apply(first)
    return transaction(
      Effect.reduce([first, ...others], 0, (total, chunk) => Effect.map(apply(chunk), (n) => total + n))
    )
  }

  const transaction = <X, E>(effect: Effect.Effect<X, E>) =>
    run(effect).pipe(Effect.provideService(Database, collection.database))

  const sameKey =
    (key: Json) =>
    ([other]: Change): boolean =>
      compare(key, other) === 0

  /** Reads an entry, changes it and writes it back, in one procedure. */
  const change = <E>(
    key: K,
    decide: (before: Option.Option<A>) => Either.Either<A, E>
  ): Effect.Effect<A, Collection.CollectionError | E> =>
    Effect.flatMap(encodeKey(definition, key), (encoded) =>
      Effect.flatten(
        collection.write(
          (store, { root }): Collection.Written<Either.Either<A, DecodeError | LimitExceeded | Invalid | E>> => {
            const changed = Either.gen(function* () {
              const stored = BTree.get(store, root!, compare, encoded)
              const before =
                stored === undefined ? Option.none<A>() : Option.some(yield* decodeEntry(definition, encoded, stored))
              const entry = yield* decide(before)
              const put = yield* encodePut(definition, entry)
              if (!sameKey(encoded)(put)) return yield* Either.left(keyChanged(name, encoded))
              return { entry, put }
            })
            if (Either.isLeft(changed)) return { actions: [], result: Either.left(changed.left) }
            const { entry, put } = changed.right
            BTree.set(store, root!, compare, put[0], put[1]!)
            return { actions: [replaceAction([put])], result: Either.right(entry) }
          }
        )
      )
    )

  return {
    ...makeView(definition, collection.read, collection.reader),
    ...makeChronicle(collection, {
      decode: (action) => decodeAction(definition, action),
      structure: treeStructure(compare),
      view: (read) => makeView(definition, read, Effect.succeed(read))
    }),
    clear: collection.write((store, { root }) => {
      if (!BTree.clear(store, root!, mostCleared)) forgetNodes(store, root!)
      return { actions: [CLEAR], result: undefined }
    }),
    delete: (key) =>
      Effect.flatMap(encodeKey(definition, key), (encoded) => Effect.map(apply([[encoded]]), (count) => count > 0)),
    deleteAll: (keys) =>
      Effect.flatMap(
        Either.all(Array.from(keys, (key) => Either.map(encodeKey(definition, key), (k): Change => [k]))),
        applyAll
      ),
    modify: (key, f) =>
      change(
        key,
        Option.match({
          onNone: () => Either.left(new EntryNotFound({ collection: name, key })),
          onSome: (entry) => Either.right(f(entry))
        })
      ),
    name,
    put: (entry) =>
      Effect.flatMap(
        Effect.suspend(() => encodePut(definition, entry)),
        (put) => Effect.asVoid(apply([put]))
      ),
    putAll: (entries) =>
      Effect.flatMap(
        Effect.suspend(() => Either.all(Array.from(entries, (entry) => encodePut(definition, entry)))),
        (changes) => Effect.asVoid(applyAll(changes))
      ),
    replace: (changes) =>
      Effect.flatMap(
        Effect.suspend(() => Either.all(Array.from(changes, (change) => encodeReplace(definition, change)))),
        (encoded) => Effect.asVoid(applyAll(encoded))
      ),
    snapshot: makeSnapshot(definition, collection, definition.filterConflict),
    upsert: (key, f) => change(key, (before) => Either.right(f(before)))
  }
}

/** After the nodes of a tree were let go of: what the transaction did to them before is not to be committed. */
const forgetNodes = (store: Tracker, root: BlockId): void => {
  const kept = [root, ...expectBlock(store, root, "branch").children]
  for (const [id, { before, block }] of [...store.changes]) {
    const type = (block ?? before)?.header.type
    if ((type === "leaf" || type === "branch") && !kept.includes(id)) store.forget(id)
  }
}

const chunksOf = (changes: ReadonlyArray<Change>): ReadonlyArray<ReadonlyArray<Change>> => {
  const chunks: Array<Array<Change>> = []
  let bytes = Number.POSITIVE_INFINITY
  for (const change of changes) {
    const size = sizeBytes(change[0]) + (change[1] === undefined ? 0 : sizeBytes(change[1]))
    const current = chunks.at(-1)
    if (current === undefined || current.length >= CHUNK_CHANGES || bytes + size > CHUNK_BYTES) {
      chunks.push([change])
      bytes = size
    } else {
      current.push(change)
      bytes += size
    }
  }
  return chunks
}
