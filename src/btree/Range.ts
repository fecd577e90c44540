import type { LeafBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { BlockFault, type BlockReader } from "../block/BlockStore.ts"
import { type Child, childAt } from "./Child.ts"
import { readNodes } from "./Node.ts"
import {
  boundary,
  type Compare,
  type End,
  neighbour,
  type Route,
  routeTo,
  routeToEnd,
  type Step,
  search
} from "./Route.ts"
import { MIN_FILL } from "./Weight.ts"

/** Keys between two bounds, which are part of it unless exclusive. Without a bound it reaches to the end of the tree. */
export interface KeyRange {
  readonly from?: Json
  readonly fromExclusive?: boolean
  readonly to?: Json
  readonly toExclusive?: boolean
}

/** The part of a range that stands in one leaf: indices `start` to `end`, without `end`, in ascending order. */
export interface LeafSlice {
  readonly leaf: LeafBlock
  readonly start: number
  readonly end: number
}

/** A part of a range. `resumeAfter` is the last key of a page that is not the last one. */
export interface RangePage {
  /** In the order of the scan; never empty ones. */
  readonly slices: ReadonlyArray<LeafSlice>
  /** How many entries the slices hold. */
  readonly count: number
  readonly resumeAfter: Json | undefined
}

/** How to read a page of a range. */
export interface RangePageOptions {
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** The page ends with this many entries at most, at least 1. */
  readonly limit: number
  /** `resumeAfter` of the page before. */
  readonly after?: Json | undefined
}

/** A leaf that is not in memory is asked for together with up to this many of its successors. */
const READ_AHEAD_LEAVES = 8
/** As {@link READ_AHEAD_LEAVES}, for a procedure that needs them all: as many as a branch has at most. */
const COUNT_AHEAD_LEAVES = 64

/**
 * One page of a range, as slices of immutable leaves, for a caller that keeps what it made of a leaf. A page that ends
 * just before the end of the range may be followed by an empty one.
 */
export const rangePage = (
  reader: BlockReader,
  root: BlockId,
  compare: Compare,
  range: KeyRange,
  options: RangePageOptions
): RangePage => scan(reader, root, compare, range, options, READ_AHEAD_LEAVES)

/** How many keys are in a range. One procedure: where the leaves may not all fit the cache, add up pages instead. */
export const count = (reader: BlockReader, root: BlockId, compare: Compare, range: KeyRange): number =>
  scan(reader, root, compare, range, { limit: Number.POSITIVE_INFINITY }, COUNT_AHEAD_LEAVES).count

const scan = (
  reader: BlockReader,
  root: BlockId,
  compare: Compare,
  whole: KeyRange,
  { after, limit, reverse = false }: RangePageOptions,
  readAhead: number
): RangePage => {
  const range = after === undefined ? whole : rest(whole, after, reverse)
  const most = Math.max(limit, 1)
  const slices: Array<LeafSlice> = []
  let count = 0
  let route = startOf(reader, root, compare, range, reverse)
  for (;;) {
    const { leaf, steps } = route
    const start = range.from === undefined ? 0 : indexOf(leaf, range.from, compare, range.fromExclusive === true)
    const end = range.to === undefined ? leaf.keys.length : indexOf(leaf, range.to, compare, range.toExclusive !== true)
    const size = Math.max(end - start, 0)
    const taken = Math.min(size, most - count)
    if (taken > 0) slices.push(reverse ? { end, leaf, start: end - taken } : { end: start + taken, leaf, start })
    count += taken
    if (taken === size && endsBefore(boundary(steps, towards(reverse)), range, compare, reverse)) {
      return { count, resumeAfter: undefined, slices }
    }
    if (count === most) return { count, resumeAfter: outermostKey(slices, reverse), slices }
    const likely = Math.ceil((most - count) / MIN_FILL)
    route = nextRoute(reader, steps, range, compare, reverse, Math.min(readAhead, likely))
  }
}

/** The part of a range that a scan has not reached yet. */
const rest = (range: KeyRange, after: Json, reverse: boolean): KeyRange =>
  reverse ? { ...range, to: after, toExclusive: true } : { ...range, from: after, fromExclusive: true }

const towards = (reverse: boolean): End => (reverse ? "first" : "last")

const startOf = (reader: BlockReader, root: BlockId, compare: Compare, range: KeyRange, reverse: boolean): Route => {
  const key = reverse ? range.to : range.from
  return key === undefined ? routeToEnd(reader, root, towards(!reverse)) : routeTo(reader, root, compare, key)
}

/** The index of the first key that is not below the given one; or, `above` it. */
const indexOf = ({ keys }: LeafBlock, key: Json, compare: Compare, above: boolean): number => {
  const found = search(keys, key, compare)
  if (found < 0) return -1 - found
  return above ? found + 1 : found
}

/** Whether a range has no key beyond a separator (undefined: the end of the tree) in the direction of the scan. */
const endsBefore = (separator: Json | undefined, range: KeyRange, compare: Compare, reverse: boolean): boolean => {
  if (separator === undefined) return true
  if (reverse) return range.from !== undefined && compare(separator, range.from) <= 0
  if (range.to === undefined) return false
  const order = compare(separator, range.to)
  return order > 0 || (order === 0 && range.toExclusive === true)
}

const outermostKey = (slices: ReadonlyArray<LeafSlice>, reverse: boolean): Json => {
  const { end, leaf, start } = slices[slices.length - 1]!
  return leaf.keys[reverse ? start : end - 1]!
}

/** The next leaf, which must exist. If it is not in memory, it is asked for together with those that follow in its branch. */
const nextRoute = (
  reader: BlockReader,
  steps: ReadonlyArray<Step>,
  range: KeyRange,
  compare: Compare,
  reverse: boolean,
  readAhead: number
): Route => {
  try {
    return neighbour(reader, steps, towards(reverse))!
  } catch (fault) {
    if (fault instanceof BlockFault) {
      // Faults, too, but of all of them that are not there.
      readNodes(reader, following(steps[steps.length - 1]!, range, compare, reverse, readAhead))
    }
    throw fault
  }
}

/** The leaves that follow in the same branch, as far as the range reaches. */
const following = (
  { branch, index }: Step,
  range: KeyRange,
  compare: Compare,
  reverse: boolean,
  most: number
): ReadonlyArray<Child> => {
  const children: Array<Child> = []
  const stride = reverse ? -1 : 1
  for (let i = index + stride; i >= 0 && i < branch.children.length && children.length < most; i += stride) {
    if (endsBefore(branch.keys[reverse ? i : i - 1], range, compare, reverse)) break
    children.push(childAt(branch, i))
  }
  return children
}
