import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import { type Child, childAt, childrenOf, idOf } from "./Child.ts"
import {
  type Content,
  contentOf,
  contentWeight,
  divide,
  editedContent,
  editLeaf,
  insertNode,
  isLeaf,
  join,
  type LeafEdit,
  type NodeBlock,
  readNode,
  writeNode
} from "./Node.ts"
import type { Route, Step } from "./Route.ts"
import { CAPACITY, MIN_FILL } from "./Weight.ts"

/** Edits the leaf of a route, which weighs `weight` then, and restores what must hold from there up to the root. */
export const settleEdit = (store: BlockStore, route: Route, edit: LeafEdit, weight: number): void => {
  const siblings = route.steps.at(-1)?.branch.children.length ?? 0
  const fits = weight <= CAPACITY && (weight >= MIN_FILL || siblings === 1)
  if (fits && siblings > 0) editLeaf(store, route.leaf, edit, weight)
  else settle(store, route, editedContent(route.leaf, edit), weight)
}

/**
 * Gives the leaf of a route new content, of the given weight, and restores what must hold from there up to the root: a
 * node over capacity is divided; one below the minimum is joined with a sibling, or divided anew with it where both do
 * not fit into one. Either changes the parent, which may then be too heavy or too light itself. (A separator can be
 * replaced by a longer one, so even a removal may divide a branch.)
 */
const settle = (store: BlockStore, { leaf, steps }: Route, content: Content, weight: number): void => {
  let node: NodeBlock = leaf
  let current = content
  let currentWeight = weight
  for (let level = steps.length - 1; level >= 0; level--) {
    const parent = steps[level]!
    let above: Content | undefined
    if (currentWeight > CAPACITY) above = split(store, node, current, parent)
    else if (currentWeight < MIN_FILL && parent.branch.children.length > 1) above = fill(store, node, current, parent)
    else writeNode(store, node, current, currentWeight)
    if (above === undefined) return
    node = parent.branch
    current = above
    currentWeight = contentWeight(above)
  }
  settleRoot(store, node, current)
}

/** Divides a node in two, and gives the new content of its parent. */
const split = (store: BlockStore, node: NodeBlock, content: Content, { branch, index }: Step): Content => {
  const { left, right, separator } = divide(content)
  writeNode(store, node, left)
  return {
    keys: branch.keys.toSpliced(index, 0, separator),
    type: "branch",
    values: childrenOf(branch).toSpliced(index + 1, 0, insertNode(store, right))
  }
}

/** Joins a node with a sibling or shares their items evenly, and gives the new content of the parent if it changes. */
const fill = (store: BlockStore, node: NodeBlock, content: Content, { branch, index }: Step): Content | undefined => {
  const leftIndex = Math.max(index - 1, 0)
  const sibling = readSibling(store, node, childAt(branch, index === 0 ? 1 : leftIndex))
  const siblingContent = contentOf(sibling)
  const separator = branch.keys[leftIndex]!
  const [leftNode, rightNode] = index === 0 ? [node, sibling] : [sibling, node]
  const [left, right] = index === 0 ? [content, siblingContent] : [siblingContent, content]
  const joined = join({ left, right, separator })
  if (contentWeight(joined) <= CAPACITY) {
    writeNode(store, leftNode, joined)
    store.remove(rightNode.header.id)
    return {
      keys: branch.keys.toSpliced(leftIndex, 1),
      type: "branch",
      values: childrenOf(branch).toSpliced(leftIndex + 1, 1)
    }
  }
  const shared = divide(joined)
  if (shared.left.values.length === left.values.length) {
    // Heavy items: it is as even as it can be. The separator still holds, even if its key is gone.
    writeNode(store, node, content)
    return undefined
  }
  writeNode(store, leftNode, shared.left)
  writeNode(store, rightNode, shared.right)
  return { keys: branch.keys.with(leftIndex, shared.separator), type: "branch", values: childrenOf(branch) }
}

const readSibling = (store: BlockStore, node: NodeBlock, child: Child): NodeBlock => {
  const sibling = readNode(store, child)
  if (isLeaf(sibling) === isLeaf(node)) return sibling
  throw new CorruptBlock({ block: idOf(child), reason: `is not on the level of its sibling ${node.header.id}` })
}

/** The root keeps its id: it grows by moving its content into two new children, and shrinks by taking that of its last. */
const settleRoot = (store: BlockStore, root: NodeBlock, content: Content): void => {
  if (contentWeight(content) > CAPACITY) {
    const { left, right, separator } = divide(content)
    const values = [insertNode(store, left), insertNode(store, right)]
    writeNode(store, root, { keys: [separator], type: "branch", values })
    return
  }
  const only = content.values.length === 1 ? readNode(store, content.values[0] as Child) : undefined
  if (only === undefined || isLeaf(only)) {
    writeNode(store, root, content)
    return
  }
  store.remove(only.header.id)
  writeNode(store, root, contentOf(only))
}
