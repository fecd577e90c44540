/**
 * The registered block types: the shape of each, as it is stored and sent. A reader of foreign bytes decodes with
 * `BlockTypes[type]`; the data structures that own a type use its static type.
 */
import * as Schema from "effect/Schema"
import { type Block, BlockHeader, PropertyName } from "./Block.ts"
import { Action, CollectionHeaderFields, LogCheckpoint, LogEntry } from "./Collection.ts"
import { BlockId, Hash, PeerId } from "./Ids.ts"
import { Json } from "./Json.ts"

const headerOf = <T extends string>(type: T) => Schema.Struct({ ...BlockHeader.fields, type: Schema.Literal(type) })

const links = {
  next: Schema.optionalWith(BlockId, { exact: true }),
  prior: Schema.optionalWith(BlockId, { exact: true })
}

/** A collection's header: found by name, holds the ends of its log and the root of its data. */
export const CollectionBlock = Schema.Struct({ ...CollectionHeaderFields.fields, header: headerOf("collection") })
export type CollectionBlock = typeof CollectionBlock.Type

/** A block of a collection's log. `priorHash` is sha256 of its predecessor's canonical JSON without `next`. */
export const LogBlock = Schema.Struct({
  ...links,
  checkpoint: LogCheckpoint,
  entries: Schema.Array(LogEntry),
  header: headerOf("log"),
  priorHash: Schema.optionalWith(Hash, { exact: true })
})
export type LogBlock = typeof LogBlock.Type

/** Actions too large for their log entry. */
export const PayloadBlock = Schema.Struct({ actions: Schema.Array(Action), header: headerOf("payload") })
export type PayloadBlock = typeof PayloadBlock.Type

/** A leaf of a B+tree: `keys[i]` is the key of `entries[i]`, strictly increasing. */
export const LeafBlock = Schema.Struct({
  entries: Schema.Array(Json),
  header: headerOf("leaf"),
  keys: Schema.Array(Json)
})
export type LeafBlock = typeof LeafBlock.Type

/**
 * A branch of a B+tree: keys in `children[i]` are below `keys[i]`, and not below `keys[i - 1]`. Where the children are
 * scattered, `clusters[clusterOf[i]]` are the members that keep `children[i]`; each set stands once, in the order of its first use.
 */
export const BranchBlock = Schema.Struct({
  children: Schema.Array(BlockId),
  clusterOf: Schema.optionalWith(Schema.Array(Schema.Int.pipe(Schema.nonNegative())), { exact: true }),
  clusters: Schema.optionalWith(Schema.NonEmptyArray(Schema.NonEmptyArray(PeerId)), { exact: true }),
  header: headerOf("branch"),
  keys: Schema.Array(Json)
})
export type BranchBlock = typeof BranchBlock.Type

/** The ends of a chain that stands alone, and how many entries it holds. */
export const ChainHeadBlock = Schema.Struct({
  head: BlockId,
  header: headerOf("chain-head"),
  length: Schema.Int.pipe(Schema.nonNegative()),
  tail: BlockId
})
export type ChainHeadBlock = typeof ChainHeadBlock.Type

/** A link of a chain: up to 32 entries. */
export const ChainBlock = Schema.Struct({ ...links, entries: Schema.Array(Json), header: headerOf("chain") })
export type ChainBlock = typeof ChainBlock.Type

/** Every registered type by its name. */
export const BlockTypes = {
  branch: BranchBlock,
  chain: ChainBlock,
  "chain-head": ChainHeadBlock,
  collection: CollectionBlock,
  leaf: LeafBlock,
  log: LogBlock,
  payload: PayloadBlock
} as const

/** What the types of blocks, and the kinds of collections, that programs define start with; those of this package do not. */
export const USER_PREFIX = "user-"

/** What follows the prefix: as long as types and kinds may be. */
export const UserName = Schema.String.pipe(Schema.pattern(/^[a-z][a-z0-9-]{0,26}$/))

const UserBlockHeader = Schema.Struct({
  ...BlockHeader.fields,
  type: Schema.TemplateLiteral(USER_PREFIX, Schema.String).pipe(
    Schema.filter((type) => isUserName(type.slice(USER_PREFIX.length)))
  )
})
const isUserName = Schema.is(UserName)
const isUserBlockHeader = Schema.is(UserBlockHeader, { onExcessProperty: "error" })
const isPropertyName = Schema.is(PropertyName)

/**
 * A block that a program defines: of whatever JSON, in properties with names as all blocks have them. What they mean is for
 * the program to check; that they are JSON is known of every block that has a hash.
 */
export const UserBlock: Schema.Schema<Block> = Schema.declare(
  (value): value is Block =>
    typeof value === "object" &&
    value !== null &&
    isUserBlockHeader((value as Block).header) &&
    Object.keys(value).every((name) => isPropertyName(name))
).annotations({ identifier: "UserBlock" })
