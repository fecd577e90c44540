/**
 * A B+tree: entries by key, sorted, in blocks. Plain synchronous functions over a `BlockStore`; all of them take the id
 * of the root, which never changes, and the order of the keys.
 *
 * The root is always a branch; an empty tree is a root with one empty leaf. Entries stand in leaves only, and all leaves
 * on one level. Fill: see {@link verifyTree}. How it works: Knuth, The Art of Computer Programming, volume 3, 6.2.4.
 */
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader, BlockStore } from "../block/BlockStore.ts"
import { type Child, childrenOf, idOf, tableOf } from "./Child.ts"
import { type Content, insertNode, isLeaf, type LeafEdit, nodeWeight, readNode, readNodes, writeNode } from "./Node.ts"
import { type Compare, leafOf, routeTo, routeToEnd, search } from "./Route.ts"
import { settleEdit } from "./settle.ts"
import { entryWeight } from "./Weight.ts"

export * from "./Path.ts"
export * from "./Range.ts"
export type { Compare } from "./Route.ts"
export * from "./verifyTree.ts"

const EMPTY_LEAF: Content = { keys: [], type: "leaf", values: [] }

/** Makes an empty tree, and gives the id of its root. */
export const create = (store: BlockStore): BlockId => {
  const header = store.allocate("branch")
  store.insert({ ...tableOf([insertNode(store, EMPTY_LEAF)]), header, keys: [] })
  return header.id
}

/** The entry of a key; undefined where there is none. */
export const get = (reader: BlockReader, root: BlockId, compare: Compare, key: Json): Json | undefined => {
  const leaf = leafOf(reader, root, compare, key)
  const index = search(leaf.keys, key, compare)
  return index < 0 ? undefined : leaf.entries[index]
}

/** Gives a key an entry, and returns the one it had. A key that is there already stays as it was first written. */
export const set = (store: BlockStore, root: BlockId, compare: Compare, key: Json, entry: Json): Json | undefined => {
  const route = routeTo(store, root, compare, key)
  const { entries, keys } = route.leaf
  const found = search(keys, key, compare)
  const weight = nodeWeight(route.leaf)
  if (found < 0) {
    const edit: LeafEdit = { entries: [entry], index: -1 - found, keys: [key], removed: 0 }
    settleEdit(store, route, edit, weight + entryWeight(key, entry))
    return undefined
  }
  const previous = entries[found]!
  if (previous === entry) return previous
  const known = keys[found]!
  const edit: LeafEdit = { entries: [entry], index: found, keys: [known], removed: 1 }
  settleEdit(store, route, edit, weight - entryWeight(known, previous) + entryWeight(known, entry))
  return previous
}

/** Removes a key, and returns the entry it had. */
export const remove = (store: BlockStore, root: BlockId, compare: Compare, key: Json): Json | undefined => {
  const route = routeTo(store, root, compare, key)
  const { entries, keys } = route.leaf
  const index = search(keys, key, compare)
  if (index < 0) return undefined
  const previous = entries[index]!
  const edit: LeafEdit = { entries: [], index, keys: [], removed: 1 }
  settleEdit(store, route, edit, nodeWeight(route.leaf) - entryWeight(keys[index]!, previous))
  return previous
}

/**
 * Removes everything but the root and one leaf. Each deletion is of a known revision, so every block is read, and changed. A
 * tree of more than `maxBlocks` below the root is let go of instead: the root gets a new, empty leaf as its only child, and
 * nothing refers to the others any more. Tells whether it removed them.
 */
export const clear = (store: BlockStore, root: BlockId, maxBlocks: number = Number.POSITIVE_INFINITY): boolean => {
  const below = blocksBelow(store, root, maxBlocks)
  if (below === undefined) {
    writeNode(store, readNode(store, root), { keys: [], type: "branch", values: [insertNode(store, EMPTY_LEAF)] })
    return false
  }
  const { leaf } = routeToEnd(store, root, "first")
  const kept = below.find((child) => idOf(child) === leaf.header.id)!
  for (const child of below) if (child !== kept) store.remove(idOf(child))
  writeNode(store, leaf, EMPTY_LEAF)
  writeNode(store, readNode(store, root), { keys: [], type: "branch", values: [kept] })
  return true
}

/** Every block below the root, level by level; undefined where that is more than `most`. */
const blocksBelow = (reader: BlockReader, root: BlockId, most: number): ReadonlyArray<Child> | undefined => {
  const below: Array<Child> = []
  let level: ReadonlyArray<Child> = [root]
  while (level.length > 0) {
    level = readNodes(reader, level).flatMap((node) => (isLeaf(node) ? [] : childrenOf(node)))
    for (const child of level) below.push(child)
    if (below.length > most) return undefined
  }
  return below
}
