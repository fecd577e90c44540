import * as Schema from "effect/Schema"
import { ActionId, BlockId, CollectionId, Hash, PeerId, PublicKey, Rev, Signature } from "./Ids.ts"
import { Transforms } from "./Transform.ts"

/** The protocol version that statements and manifests carry. */
export const PROTOCOL_VERSION = 1

/** The name of a network: what is signed in one means nothing in another. */
export const NetworkName = Schema.String.pipe(
  Schema.pattern(/^[a-z0-9][a-z0-9._-]{0,62}$/),
  Schema.brand("NetworkName")
)
export type NetworkName = typeof NetworkName.Type

/** Drawn at a transaction's first action. `time` (milliseconds) is metadata only; `nonce` makes it unique. */
export const Stamp = Schema.Struct({
  nonce: Schema.String.pipe(Schema.pattern(/^[a-z2-7]{25}[aeimquy4]$/)),
  time: Schema.Int.pipe(Schema.nonNegative())
})
export type Stamp = typeof Stamp.Type

/** The revision of a block that a transaction starts from; `none` for an id never used. Protocol §1. */
export const Base = Schema.Union(Schema.Literal("none"), Schema.Struct({ hash: Hash, rev: Rev }))
export type Base = typeof Base.Type

/** What a block is after a transaction: the hash of its canonical JSON, or `deleted`. */
export const After = Schema.Union(Schema.Literal("deleted"), Hash)
export type After = typeof After.Type

/** One written block in a manifest. `index` is there exactly when the base is `none` and the block is no header. */
export const Write = Schema.Struct({
  after: After,
  base: Base,
  change: Hash,
  collection: CollectionId,
  index: Schema.optionalWith(Schema.Int.pipe(Schema.nonNegative()), { exact: true })
})
export type Write = typeof Write.Type

/** The blocks of a transaction that share one member set. */
export const Shard = Schema.Struct({
  members: Schema.NonEmptyArray(PeerId),
  reads: Schema.Record({ key: BlockId, value: Base }),
  writes: Schema.Record({ key: BlockId, value: Write })
})
export type Shard = typeof Shard.Type

/** A written collection in a manifest: `rev` is its base revision + 1, `tail` the open tail at the base. */
export const CollectionWrite = Schema.Struct({
  base: Schema.Int.pipe(Schema.nonNegative()),
  id: CollectionId,
  rev: Rev,
  tail: BlockId
})
export type CollectionWrite = typeof CollectionWrite.Type

/** The signed, content-addressed description of a transaction; its hash is the `ActionId`. Protocol §1. */
export const Manifest = Schema.Struct({
  author: PublicKey,
  collections: Schema.Array(CollectionWrite),
  network: NetworkName,
  shards: Schema.NonEmptyArray(Shard),
  stamp: Stamp,
  version: Schema.Literal(PROTOCOL_VERSION)
})
export type Manifest = typeof Manifest.Type

/** A signature and the key that made it. */
export const KeySignature = Schema.Struct({ key: PublicKey, signature: Signature })
export type KeySignature = typeof KeySignature.Type

/** A manifest and the author statements beside it: a list, so that an authority may want several. */
export const SignedManifest = Schema.Struct({ manifest: Manifest, signatures: Schema.NonEmptyArray(KeySignature) })
export type SignedManifest = typeof SignedManifest.Type

/** The transforms of one shard, checked against the digests in the manifest. */
export const Payload = Transforms
export type Payload = typeof Payload.Type

/** What is kept of a transaction whose outcome is unknown, to ask for it later: `home` is a block of its primary shard. */
export const TransactionRef = Schema.Struct({ actionId: ActionId, home: BlockId })
export type TransactionRef = typeof TransactionRef.Type
