import * as Schema from "effect/Schema"
import { BlockId, CollectionId, Hash, PeerId, PublicKey, Rev, StampId } from "./Ids.ts"
import { Json } from "./Json.ts"

/** The format version of the blocks of a collection. */
export const FORMAT_VERSION = 1

/** A collection's name: any text of 1 to 200 UTF-16 code units without lone surrogates. */
export const CollectionName = Schema.String.pipe(
  Schema.minLength(1),
  Schema.maxLength(200),
  Schema.filter((name) => name.isWellFormed() || "lone surrogate")
)

/** What kind of collection a header describes: `tree`, `diary`, `chain`, or `user-` and a name of the user's own. */
export const CollectionKind = Schema.String.pipe(Schema.pattern(/^[a-z][a-z0-9-]{0,31}$/))

/** Where the data blocks of a collection live: all at its home, or spread by their own ids. Protocol §1. */
export const Placement = Schema.Literal("together", "scatter")
export type Placement = typeof Placement.Type

/** Who may write a collection: a list of keys, of which `threshold` must sign. */
export const Authority = Schema.Struct({
  keys: Schema.NonEmptyArray(PublicKey),
  threshold: Schema.Int.pipe(Schema.positive())
})
export type Authority = typeof Authority.Type

/** The header fields beside `header`. Written at creation, at log rollover and on change of authority only. */
export const CollectionHeaderFields = Schema.Struct({
  authority: Schema.optionalWith(Authority, { exact: true }),
  epoch: Schema.Int.pipe(Schema.nonNegative()),
  format: Schema.Literal(FORMAT_VERSION),
  keyOrder: Schema.optionalWith(Schema.String, { exact: true }),
  kind: CollectionKind,
  log: Schema.Struct({ head: BlockId, tail: BlockId }),
  members: Schema.NonEmptyArray(PeerId),
  name: CollectionName,
  placement: Placement,
  root: Schema.optionalWith(BlockId, { exact: true })
})
export type CollectionHeaderFields = typeof CollectionHeaderFields.Type

/** One change of a collection as its log keeps it, replayable: a type and its data. */
export const Action = Schema.Struct({ data: Json, type: Schema.String })
export type Action = typeof Action.Type

/** Actions that were too large for their log entry: the hash of their canonical JSON array, and the blocks they stand in. */
export const PayloadReference = Schema.Struct({
  blocks: Schema.NonEmptyArray(BlockId),
  count: Schema.Int.pipe(Schema.positive()),
  hash: Hash
})
export type PayloadReference = typeof PayloadReference.Type

/** A collection that the same transaction wrote, at the revision it wrote. */
export const CollectionRev = Schema.Struct({ id: CollectionId, rev: Rev })
export type CollectionRev = typeof CollectionRev.Type

/** A log entry: one transaction, seen from one collection. `time` is milliseconds, metadata only. Protocol §1. */
export const LogEntry = Schema.Struct({
  actions: Schema.optionalWith(Schema.Array(Action), { exact: true }),
  blocks: Schema.Array(BlockId),
  collections: Schema.Array(CollectionRev),
  payload: Schema.optionalWith(PayloadReference, { exact: true }),
  rev: Rev,
  stampId: StampId,
  time: Schema.Int.pipe(Schema.nonNegative())
})
export type LogEntry = typeof LogEntry.Type

/** What a log block starts with, so that opening, counting and finding changes need not walk the log. Protocol §1. */
export const LogCheckpoint = Schema.Struct({
  actions: Schema.Int.pipe(Schema.nonNegative()),
  entries: Schema.Int.pipe(Schema.nonNegative()),
  rev: Schema.Int.pipe(Schema.nonNegative()),
  skip: Schema.Array(Schema.Struct({ id: BlockId, rev: Schema.Int.pipe(Schema.nonNegative()) }))
})
export type LogCheckpoint = typeof LogCheckpoint.Type
