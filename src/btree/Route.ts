import type { BranchBlock, LeafBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { type Child, childAt, idOf } from "./Child.ts"
import { isLeaf, readNode } from "./Node.ts"

/** The order of keys: negative, 0 or positive, as the first is before, equal to or after the second. */
export type Compare = (a: Json, b: Json) => number

/** A branch on the way down, and the index of the child taken. */
export interface Step {
  readonly branch: BranchBlock
  readonly index: number
}

/** A leaf, and the branches from the root down to it. */
export interface Route {
  readonly steps: ReadonlyArray<Step>
  readonly leaf: LeafBlock
}

/** An end of the tree or of a branch, or the direction towards it. */
export type End = "first" | "last"

/** More levels than any tree can have: deeper means that blocks refer to each other in a circle. */
const MAX_DEPTH = 64

/** The index of a key in sorted keys; if it is not among them, `-1 - i` where `i` is the index it would have. */
export const search = (keys: ReadonlyArray<Json>, key: Json, compare: Compare): number => {
  let low = 0
  let high = keys.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compare(keys[middle]!, key)
    if (order < 0) low = middle + 1
    else if (order > 0) high = middle - 1
    else return middle
  }
  return -1 - low
}

/** The index of the child that a key belongs to: a key equal to a separator is to its right. */
const childIndex = (keys: ReadonlyArray<Json>, key: Json, compare: Compare): number => {
  const found = search(keys, key, compare)
  return found < 0 ? -1 - found : found + 1
}

/** The leaf that a key belongs to. */
export const leafOf = (reader: BlockReader, root: BlockId, compare: Compare, key: Json): LeafBlock => {
  let child: Child = root
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const node = readNode(reader, child)
    if (isLeaf(node)) return node
    child = childAt(node, childIndex(node.keys, key, compare))
  }
  throw tooDeep(root)
}

/** The way to the leaf that a key belongs to. */
export const routeTo = (reader: BlockReader, root: BlockId, compare: Compare, key: Json): Route => {
  const steps: Array<Step> = []
  let child: Child = root
  while (steps.length < MAX_DEPTH) {
    const node = readNode(reader, child)
    if (isLeaf(node)) return { leaf: node, steps }
    const index = childIndex(node.keys, key, compare)
    steps.push({ branch: node, index })
    child = childAt(node, index)
  }
  throw tooDeep(root)
}

/** The way to the first or last leaf below a node; `above` are the steps that lead to it. */
export const routeToEnd = (reader: BlockReader, from: Child, end: End, above: ReadonlyArray<Step> = []): Route => {
  const steps = [...above]
  let child = from
  while (steps.length < MAX_DEPTH) {
    const node = readNode(reader, child)
    if (isLeaf(node)) return { leaf: node, steps }
    const index = end === "first" ? 0 : node.children.length - 1
    steps.push({ branch: node, index })
    child = childAt(node, index)
  }
  throw tooDeep(idOf(from))
}

/** The way to the next leaf in a direction; undefined after the outermost. */
export const neighbour = (reader: BlockReader, steps: ReadonlyArray<Step>, direction: End): Route | undefined => {
  const level = turningLevel(steps, direction)
  if (level < 0) return undefined
  const { branch, index } = steps[level]!
  const turned: Step = { branch, index: direction === "last" ? index + 1 : index - 1 }
  const inner = direction === "last" ? "first" : "last"
  return routeToEnd(reader, childAt(branch, turned.index), inner, [...steps.slice(0, level), turned])
}

/** The separator between a leaf and the next in a direction; undefined at the outermost. */
export const boundary = (steps: ReadonlyArray<Step>, direction: End): Json | undefined => {
  const step = steps[turningLevel(steps, direction)]
  if (step === undefined) return undefined
  return step.branch.keys[direction === "last" ? step.index : step.index - 1]
}

/** The lowest level at which there is a child further on in a direction; -1 if there is none. */
const turningLevel = (steps: ReadonlyArray<Step>, direction: End): number => {
  for (let level = steps.length - 1; level >= 0; level--) {
    const { branch, index } = steps[level]!
    if (direction === "last" ? index < branch.children.length - 1 : index > 0) return level
  }
  return -1
}

const tooDeep = (block: BlockId): CorruptBlock =>
  new CorruptBlock({ block, reason: `has more than ${MAX_DEPTH} levels below it` })
