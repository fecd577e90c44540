import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import type { BlockViolation, StructureCheck, StructurePage } from "../verify/Structure.ts"
import { type Child, childrenOf, idOf } from "./Child.ts"
import { isLeaf, readNode } from "./Node.ts"
import type { Compare } from "./Route.ts"
import { type Bounded, boundedChildren, type Report, verifyNode } from "./verifyTree.ts"
import { MAX_ENTRY_WEIGHT } from "./Weight.ts"

/** A branch that is still to be checked, with all that is below it. */
interface Pending {
  readonly child: Child
  readonly depth: number
  readonly high: Json | undefined
  readonly low: Json | undefined
}

/** Where a check of a tree is: the branches left to check, the next one last, and the level of all leaves once it is known. */
export interface TreeProgress {
  readonly leafDepth: number | undefined
  readonly pending: ReadonlyArray<Pending>
}

/** A child of a branch, and how that refers to it. */
interface BoundedChild extends Bounded {
  readonly child: Child
}

/** Deeper than any tree whose branches are half full. References that go round in a circle end here. */
const MAX_DEPTH = 64

/**
 * Checks a tree branch by branch, with the leaves below it: the rules of {@link verifyTree}, in memory that does not grow
 * with the tree. That no block has two parents follows from the bounds: its keys cannot be between two pairs of them.
 */
export const verifyTreePage = (
  reader: BlockReader,
  root: BlockId,
  compare: Compare,
  at: TreeProgress = { leafDepth: undefined, pending: [{ child: root, depth: 0, high: undefined, low: undefined }] },
  heaviest: number = MAX_ENTRY_WEIGHT
): StructurePage<TreeProgress> => {
  const violations: Array<BlockViolation> = []
  const place = at.pending.at(-1)
  const pending = at.pending.slice(0, -1)
  if (place === undefined) return { blocks: 0, isWhole: true, next: undefined, violations }
  const report: Report = (node, problem) =>
    violations.push({ block: node.header.id, reason: `${node.header.type} ${problem}` })
  let { leafDepth } = at
  let isWhole = true
  let leaves = 0
  try {
    const children = verifyBranch(reader, place, compare, heaviest, report)
    isWhole = children !== undefined
    for (const { child, high, low, node } of children ?? []) {
      if (isLeaf(node)) {
        leaves += 1
        leafDepth ??= place.depth
        if (leafDepth !== place.depth) report(node, "is on another level than others")
      } else pending.push({ child, depth: place.depth + 1, high, low })
    }
  } catch (error) {
    if (!(error instanceof CorruptBlock)) throw error
    violations.push({ block: error.block as BlockId, reason: error.reason })
    isWhole = false
  }
  const next = pending.length === 0 ? undefined : { leafDepth, pending }
  return { blocks: 1 + leaves, isWhole, next, violations }
}

/** The check of a collection that is a tree. */
export const treeStructure =
  (compare: Compare): StructureCheck<TreeProgress> =>
  (reader, { root }, at) =>
    verifyTreePage(reader, root!, compare, at)

/**
 * Checks a branch and the leaves below it; its children from right to left, as what is pending is taken from the end.
 * Undefined where its shape does not tell which they are.
 */
const verifyBranch = (
  reader: BlockReader,
  { child: own, depth, high, low }: Pending,
  compare: Compare,
  heaviest: number,
  report: Report
): ReadonlyArray<BoundedChild> | undefined => {
  const node = readNode(reader, own)
  const isRoot = depth === 0
  if (isLeaf(node)) {
    report(node, "is the root")
    return []
  }
  if (depth === MAX_DEPTH) throw new CorruptBlock({ block: idOf(own), reason: `is ${MAX_DEPTH} levels below the root` })
  if (!verifyNode({ high, low, node }, compare, isRoot ? undefined : heaviest, report)) return undefined
  const children = boundedChildren(reader, node, { high, low, node })
  const isAlone = isRoot && children.length === 1
  for (const child of children) {
    if (child.node.header.collectionId !== node.header.collectionId) report(child.node, "is of another collection")
    if (isLeaf(child.node)) verifyNode(child, compare, isAlone ? undefined : heaviest, report)
    else if (isAlone) report(node, "has a branch as its only child")
  }
  const refs = childrenOf(node)
  return children.map((bounded, i) => ({ ...bounded, child: refs[i]! })).reverse()
}
