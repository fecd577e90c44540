/** The rules for what a block may be, by its type: what reads it later relies on its shape. */
import * as Schema from "effect/Schema"
import type { Block } from "../../schemas/Block.ts"
import {
  BlockTypes,
  BranchBlock,
  type CollectionBlock,
  LeafBlock,
  LogBlock,
  PayloadBlock,
  USER_PREFIX,
  UserBlock
} from "../../schemas/BlockTypes.ts"
import { BlockId, type CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { collectionId } from "../encoding/BlockIds.ts"
import { isActions } from "./entryRules.ts"

/** What was hashed is JSON already: to check each value again would take longer than all else. */
const Values = Schema.declare((value): value is ReadonlyArray<Json> => Array.isArray(value))

const shapes: Readonly<Record<keyof typeof BlockTypes, Schema.Schema.AnyNoContext>> = {
  ...BlockTypes,
  branch: Schema.Struct({ ...BranchBlock.fields, keys: Values }),
  leaf: Schema.Struct({ ...LeafBlock.fields, entries: Values, keys: Values }),
  // The one entry of a new log block is checked by itself, as are those that come later.
  log: Schema.Struct({ ...LogBlock.fields, entries: Values }),
  payload: Schema.Struct({ ...PayloadBlock.fields, actions: Schema.declare(isActions) })
}

/** Whether a block has the shape of its type, and no further property. */
const predicates: ReadonlyMap<string, (block: unknown) => boolean> = new Map(
  Object.entries(shapes).map(([type, shape]) => [type, Schema.is(shape, { onExcessProperty: "error" })])
)

/** What programs put into blocks of their own is for them to check. */
const isUserBlock = Schema.is(UserBlock)

const shapeProblem = (block: Block): string | undefined => {
  const { type } = block.header
  const is = predicates.get(type) ?? (type.startsWith(USER_PREFIX) ? isUserBlock : undefined)
  if (is === undefined) return `the type ${type} is not registered`
  return is(block) ? undefined : `the block is no ${type} block`
}

/** What is wrong with the shape of a new block. */
export const newBlockProblem = (block: Block): string | undefined =>
  shapeProblem(block) ?? (isBalanced(block) ? tableProblem(block) : UNBALANCED)

/** What is wrong with the shape of a block that has changed. How headers and logs change has rules of its own. */
export const changedBlockProblem = (block: Block, transform: Transform): string | undefined => {
  switch (block.header.type) {
    case "collection":
    case "log":
    case "payload":
      return undefined
    case "branch":
    case "leaf":
      return nodeProblem(block) ?? childrenProblem(transform)
    default:
      return shapeProblem(block)
  }
}

/** A node of a tree has its header, its keys, and its entries or children; a branch also the table of who keeps these. */
const NODE_PROPERTIES = 3
const TABLE_PROPERTIES = 2
const UNBALANCED = "the numbers of keys and of what they stand for do not agree"

/** Cheap, as nearly every commit to a tree changes a leaf. Operations make nothing else of an array. */
const nodeProblem = (block: Block): string | undefined => {
  const hasTable = block.header.type === "branch" && block.clusters !== undefined
  const properties = NODE_PROPERTIES + (hasTable ? TABLE_PROPERTIES : 0)
  if (Object.keys(block).length !== properties) return `a ${block.header.type} has no such property`
  return isBalanced(block) ? tableProblem(block) : UNBALANCED
}

const isBalanced = ({ children, entries, header, keys }: Block): boolean => {
  switch (header.type) {
    case "branch":
      return sizeOf(children) === sizeOf(keys) + 1
    case "leaf":
      return sizeOf(entries) === sizeOf(keys)
    default:
      return true
  }
}

/** Of what is no array: not a number, which equals nothing. */
const sizeOf = (items: unknown): number => (Array.isArray(items) ? items.length : Number.NaN)

const isBlockId = Schema.is(BlockId)

const childrenProblem = (transform: Transform): string | undefined => {
  if (!("operations" in transform)) return undefined
  const areIds = transform.operations.every(
    ([property, _index, _deleteCount, inserted]) =>
      property !== "children" || (Array.isArray(inserted) && inserted.every((child) => isBlockId(child)))
  )
  return areIds ? undefined : "a child is no block id"
}

const isMembers = Schema.is(Schema.NonEmptyArray(PeerId))

/** What is wrong with what a block says of who keeps its children: each member set once, in the order of its first use. */
const tableProblem = ({ children, clusterOf, clusters }: Block): string | undefined => {
  if (clusters === undefined && clusterOf === undefined) return undefined
  const isSized = Array.isArray(clusters) && sizeOf(clusterOf) === sizeOf(children)
  return isSized && isTable(clusterOf as ReadonlyArray<unknown>, clusters)
    ? undefined
    : "the members of children are unclear"
}

const isTable = (clusterOf: ReadonlyArray<unknown>, clusters: ReadonlyArray<unknown>): boolean => {
  let used = 0
  for (const index of clusterOf) {
    if (index === used) used++
    else if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index > used) return false
  }
  const names = clusters.map((members) => (isMembers(members) && isSorted(members) ? members.join() : undefined))
  return used === clusters.length && !names.includes(undefined) && new Set(names).size === names.length
}

const isSorted = (members: ReadonlyArray<PeerId>): boolean =>
  members.every((peer, i) => i === 0 || peer > members[i - 1]!)

/** What is wrong with a new header: its id is made of its name, and its members are those that are to keep it. */
export const newHeaderProblem = (
  hasher: HasherService,
  id: CollectionId,
  members: ReadonlyArray<PeerId>,
  block: Block
): string | undefined => {
  if (block.header.type !== "collection") return "the new header is no collection block"
  const header = block as unknown as CollectionBlock
  if (collectionId(hasher, header.name) !== id) return "the id is not that of the collection's name"
  if (!sameMembers(header.members, members)) return "the header names other members"
  return header.epoch === 0 ? undefined : "the epoch of a new header is not 0"
}

/** Whether two member lists are the same. */
export const sameMembers = (a: ReadonlyArray<PeerId>, b: ReadonlyArray<PeerId>): boolean =>
  a.length === b.length && a.every((peer, i) => peer === b[i])
