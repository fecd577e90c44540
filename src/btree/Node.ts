import type { BranchBlock, LeafBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { BlockFault, type BlockReader, type BlockStore, expectBlock } from "../block/BlockStore.ts"
import { spliceBetween } from "../block/splice.ts"
import * as Slot from "../encoding/Slot.ts"
import { type Child, childrenOf, idOf, tableOf } from "./Child.ts"
import { entryWeight, separatorWeight } from "./Weight.ts"

/** A block of the tree. */
export type NodeBlock = BranchBlock | LeafBlock

/**
 * What a node holds, leaf or branch alike. In a leaf `values[i]` is the entry of `keys[i]`; in a branch `values` are its
 * children (each a {@link Child}), one more than the keys that separate them.
 */
export interface Content {
  readonly type: "branch" | "leaf"
  readonly keys: ReadonlyArray<Json>
  readonly values: ReadonlyArray<Json>
}

/** Two neighbours, and the key that separates them in their parent. */
export interface Division {
  readonly left: Content
  readonly separator: Json
  readonly right: Content
}

/** Whether a node is a leaf. */
export const isLeaf = (node: NodeBlock): node is LeafBlock => node.header.type === "leaf"

/** The node that a tree refers to. Raises `CorruptBlock` where there is none. */
export const readNode = (reader: BlockReader, child: Child): NodeBlock => {
  const block = typeof child === "string" ? reader.get(child) : reader.get(child.id, child.members)
  if (block !== undefined && (block.header.type === "leaf" || block.header.type === "branch")) {
    return block as unknown as NodeBlock
  }
  return expectBlock(reader, idOf(child), "branch", "leaf")
}

/** As {@link readNode}, for several at once: those not in memory are asked for together. */
export const readNodes = (reader: BlockReader, children: ReadonlyArray<Child>): ReadonlyArray<NodeBlock> => {
  const nodes: Array<NodeBlock> = []
  const missing: Array<BlockId> = []
  for (const child of children) {
    try {
      nodes.push(readNode(reader, child))
    } catch (fault) {
      if (!(fault instanceof BlockFault)) throw fault
      missing.push(...fault.ids)
    }
  }
  if (missing.length > 0) throw new BlockFault(missing)
  return nodes
}

/** What a node holds. */
export const contentOf = (node: NodeBlock): Content =>
  isLeaf(node)
    ? { keys: node.keys, type: "leaf", values: node.entries }
    : { keys: node.keys, type: "branch", values: childrenOf(node) }

// ── Weight ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const weights = Slot.make<NodeBlock, number>()

/** What a node weighs, computed once per immutable block. */
export const nodeWeight = (node: NodeBlock): number => {
  const known = weights.get(node)
  if (known !== undefined) return known
  const weight = contentWeight(contentOf(node))
  weights.set(node, weight)
  return weight
}

/** What a node with this content weighs. */
export const contentWeight = (content: Content): number => {
  let weight = 0
  for (let i = 0; i < content.values.length; i++) weight += itemWeight(content, i)
  return weight
}

/** A child counts with the separator to its left; the first child has none, and counts one unit. */
const itemWeight = ({ keys, type, values }: Content, index: number): number => {
  if (type === "leaf") return entryWeight(keys[index]!, values[index]!)
  return index === 0 ? 1 : separatorWeight(keys[index - 1]!)
}

// ── Division ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Divides content where both sides weigh most nearly the same; of two such places, the one with the heavier left. */
export const divide = (content: Content): Division => {
  const { keys, type, values } = content
  let left = 0
  let right = contentWeight(content)
  let middle = 0
  let smallest = Number.POSITIVE_INFINITY
  for (let i = 1; i < values.length; i++) {
    left += itemWeight(content, i - 1)
    right -= itemWeight(content, i - 1)
    // The separator left of a branch's child moves up to the parent when that child becomes the first of its node.
    const lost = type === "leaf" ? 0 : itemWeight(content, i) - 1
    const difference = Math.abs(left - (right - lost))
    if (difference <= smallest) {
      smallest = difference
      middle = i
    }
  }
  return {
    left: { keys: keys.slice(0, type === "leaf" ? middle : middle - 1), type, values: values.slice(0, middle) },
    right: { keys: keys.slice(middle), type, values: values.slice(middle) },
    separator: type === "leaf" ? keys[middle]! : keys[middle - 1]!
  }
}

/** The content of two neighbours in one: the inverse of {@link divide}. */
export const join = ({ left, right, separator }: Division): Content => ({
  keys: left.type === "leaf" ? [...left.keys, ...right.keys] : [...left.keys, separator, ...right.keys],
  type: left.type,
  values: [...left.values, ...right.values]
})

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Adds a node below the root, and gives what its parent is to refer to it by. */
export const insertNode = (store: BlockStore, { keys, type, values }: Content): Child => {
  const header = store.allocate(type, "data")
  const members = store.membersOf?.(header.id)
  store.insert(
    type === "leaf" ? { entries: values, header, keys } : { ...tableOf(values as ReadonlyArray<Child>), header, keys }
  )
  return members === undefined ? header.id : { id: header.id, members }
}

/** A change of a leaf in one place: keys and their entries go from an index on, others come there. */
export interface LeafEdit {
  readonly index: number
  readonly removed: number
  readonly keys: ReadonlyArray<Json>
  readonly entries: ReadonlyArray<Json>
}

/** What a leaf holds after an edit. */
export const editedContent = (leaf: LeafBlock, { entries, index, keys, removed }: LeafEdit): Content => ({
  keys: leaf.keys.toSpliced(index, removed, ...keys),
  type: "leaf",
  values: leaf.entries.toSpliced(index, removed, ...entries)
})

/** Edits a leaf, which weighs `weight` then. Keys that stay the same are not written. */
export const editLeaf = (
  store: BlockStore,
  leaf: LeafBlock,
  { entries, index, keys, removed }: LeafEdit,
  weight: number
): void => {
  const id = leaf.header.id
  const ofEntries: Operation = ["entries", index, removed, entries]
  if (removed === keys.length && keys.every((key, i) => key === leaf.keys[index + i])) store.update(id, ofEntries)
  else store.update(id, ["keys", index, removed, keys], ofEntries)
  weights.set(readNode(store, id), weight)
}

/** Gives a node new content by one splice for each property that differs. `weight` is the new one, where it is known. */
export const writeNode = (store: BlockStore, node: NodeBlock, content: Content, weight?: number): void => {
  const id = node.header.id
  const others: Readonly<Record<string, ReadonlyArray<Json>>> =
    content.type === "leaf" ? { entries: content.values } : { ...tableOf(content.values as ReadonlyArray<Child>) }
  const operations = Object.entries({ keys: content.keys, ...others })
    .map(([property, items]) => spliceBetween(property, arrayOf(node, property), items))
    .filter((splice) => splice !== undefined)
  if (operations.length === 0) return
  store.update(id, ...operations)
  if (weight !== undefined) weights.set(readNode(store, id), weight)
}

const arrayOf = (node: NodeBlock, property: string): ReadonlyArray<Json> =>
  (node as unknown as Readonly<Record<string, ReadonlyArray<Json>>>)[property] ?? []
