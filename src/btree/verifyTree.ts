import type { BranchBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { childAt, childrenOf } from "./Child.ts"
import { contentOf, contentWeight, isLeaf, type NodeBlock, readNode, readNodes } from "./Node.ts"
import type { Compare } from "./Route.ts"
import { CAPACITY, MAX_ENTRY_WEIGHT, MAX_SEPARATOR_WEIGHT } from "./Weight.ts"

/** A report stops growing here. */
const MAX_VIOLATIONS = 20

/** A node with the bounds its parent gives it: its keys are not below `low`, and below `high`. */
export interface Bounded {
  readonly node: NodeBlock
  readonly low: Json | undefined
  readonly high: Json | undefined
}

/**
 * What is wrong with a tree, in words; nothing, if it is sound:
 *
 * - The root is a branch. All leaves are on one level. No block has two parents. All are of one collection.
 * - A leaf has as many entries as keys, a branch one child more than keys. Keys increase strictly from left to right
 *   through each node and over each level; the separators of a branch bound what is below its children.
 * - No node weighs more than 64 units. A leaf weighs at least (65 - h) / 2, where h is the heaviest entry the tree ever
 *   held, a branch below the root at least 33 - h with h the heaviest separator: both 32 where all are small, and never
 *   less than 17. Only the root, and a leaf that has no sibling, may be lighter.
 * - The root has one child only if that is a leaf, and a leaf is empty only if it is the only one.
 *
 * `heaviest` is that h, in units; without it, the most that an entry can weigh.
 */
export const verifyTree = (
  reader: BlockReader,
  root: BlockId,
  compare: Compare,
  heaviest: number = MAX_ENTRY_WEIGHT
): ReadonlyArray<string> => {
  const violations: Array<string> = []
  try {
    verifyLevels(reader, root, compare, heaviest, (node, problem) => {
      if (violations.length < MAX_VIOLATIONS) violations.push(`${node.header.type} ${node.header.id} ${problem}`)
    })
  } catch (error) {
    if (!(error instanceof CorruptBlock)) throw error
    violations.push(error.message)
  }
  return violations
}

/** Takes what is wrong with a node. */
export type Report = (node: NodeBlock, problem: string) => void

const verifyLevels = (reader: BlockReader, root: BlockId, compare: Compare, heaviest: number, report: Report): void => {
  const top = readNode(reader, root)
  if (isLeaf(top)) report(top, "is the root")
  else if (top.children.length === 1 && !isLeaf(readNode(reader, childAt(top, 0)))) {
    report(top, "has a branch as its only child")
  }
  const seen = new Set<BlockId>([root])
  let level: ReadonlyArray<Bounded> = [{ high: undefined, low: undefined, node: top }]
  while (level.length > 0) {
    const below: Array<Bounded> = []
    const leaves = isLeaf(level[0]!.node)
    const alone = level.length === 1
    for (const bounded of level) {
      const { node } = bounded
      if (isLeaf(node) !== leaves) report(node, "is on another level than its neighbours")
      if (node.header.collectionId !== top.header.collectionId) report(node, "is of another collection")
      const mayBeLight = node === top || (leaves && alone)
      if (!verifyNode(bounded, compare, mayBeLight ? undefined : heaviest, report) || isLeaf(node)) continue
      for (const child of boundedChildren(reader, node, bounded)) {
        const id = child.node.header.id
        if (seen.has(id)) report(node, `has a child that another place refers to: ${id}`)
        else below.push(child)
        seen.add(id)
      }
    }
    level = below
  }
}

/** Checks one node by itself; without `heaviest` it may be of any low weight. False if its shape forbids to go on below. */
export const verifyNode = (
  bounded: Bounded,
  compare: Compare,
  heaviest: number | undefined,
  report: Report
): boolean => {
  const { node } = bounded
  if (!hasShape(node, report)) return false
  verifyKeys(bounded, compare, report)
  verifyWeight(node, heaviest === undefined ? 0 : minimumWeight(node, heaviest), report)
  return true
}

const hasShape = (node: NodeBlock, report: Report): boolean => {
  const expected = isLeaf(node) ? node.entries.length : node.children.length - 1
  if (node.keys.length === expected) return true
  report(node, `has ${node.keys.length} keys, expected ${expected}`)
  return false
}

const minimumWeight = (node: NodeBlock, heaviest: number): number =>
  isLeaf(node) ? Math.ceil((CAPACITY + 1 - heaviest) / 2) : CAPACITY / 2 + 1 - Math.min(heaviest, MAX_SEPARATOR_WEIGHT)

const verifyWeight = (node: NodeBlock, minimum: number, report: Report): void => {
  // Not the remembered weight: that may be what is wrong.
  const weight = contentWeight(contentOf(node))
  if (weight > CAPACITY) report(node, `weighs ${weight}, more than ${CAPACITY}`)
  if (weight < minimum) report(node, `weighs ${weight}, less than ${minimum}`)
}

const verifyKeys = ({ high, low, node }: Bounded, compare: Compare, report: Report): void => {
  const { keys } = node
  for (let i = 1; i < keys.length; i++) {
    if (compare(keys[i - 1]!, keys[i]!) >= 0) report(node, `has key ${i} not above the one before`)
  }
  if (keys.length === 0) return
  if (low !== undefined && compare(keys[0]!, low) < 0) report(node, "has a key below the separator to its left")
  if (high !== undefined && compare(keys[keys.length - 1]!, high) >= 0) {
    report(node, "has a key not below the separator to its right")
  }
}

/** The children of a branch, each with its bounds. Those not in memory are asked for together. */
export const boundedChildren = (
  reader: BlockReader,
  branch: BranchBlock,
  { high, low }: Bounded
): ReadonlyArray<Bounded> =>
  readNodes(reader, childrenOf(branch)).map((node, index) => ({
    high: index < branch.keys.length ? branch.keys[index] : high,
    low: index > 0 ? branch.keys[index - 1] : low,
    node
  }))
