/**
 * What peers say of themselves, and what they tell each other of peers. No instant of anybody's clock is in any of it: durations
 * count from when something was heard. `docs/internals/directory.md`.
 */
import * as Schema from "effect/Schema"
import { Address } from "./Address.ts"
import { PeerId, Signature } from "./Ids.ts"

/** What a peer is to the network. A client has no record: it serves nothing, and is never counted. */
export const PeerRole = Schema.Literal("transaction", "storage")
export type PeerRole = typeof PeerRole.Type

/** What a peer does beside its role: relay for others, be there to join by. */
export const PeerDuty = Schema.Literal("gateway", "bootstrap")
export type PeerDuty = typeof PeerDuty.Type

/** Addresses that a record names, at most. */
export const MAX_ADDRESSES = 8
/** Peers that a record says were taken over from, at most. */
export const MAX_TAKEN_OVER = 32

const MINUTE_MILLIS = 60_000
const DAY_MILLIS = 24 * 60 * MINUTE_MILLIS

/** The least and the longest that a record may be kept for without a sign of its peer, in milliseconds. */
export const MIN_LIFETIME_MILLIS: number = MINUTE_MILLIS
export const MAX_LIFETIME_MILLIS: number = 30 * DAY_MILLIS

/** What a peer says of itself. A record with a higher `sequence` takes the place of one with a lower. */
export const PeerClaim = Schema.Struct({
  /** Whether it has pulled the cluster index, and so may be a member of what is new. Protocol §1. */
  active: Schema.Boolean,
  addresses: Schema.Array(Address).pipe(Schema.maxItems(MAX_ADDRESSES)),
  duties: Schema.Array(PeerDuty).pipe(Schema.maxItems(PeerDuty.literals.length)),
  /** How long the record may be kept without a sign of the peer, from the last one on. */
  lifetimeMillis: Schema.Int.pipe(Schema.between(MIN_LIFETIME_MILLIS, MAX_LIFETIME_MILLIS)),
  peer: PeerId,
  role: PeerRole,
  sequence: Schema.Int.pipe(Schema.between(1, Number.MAX_SAFE_INTEGER)),
  /** Who kept, before it, the part of the cluster index that it keeps: a look-up asks them, too. Protocol §1. */
  takesOverFrom: Schema.Array(PeerId).pipe(Schema.maxItems(MAX_TAKEN_OVER))
})
export type PeerClaim = typeof PeerClaim.Type

/** A claim with the signature of its peer over it and the name of the network. The key is in the peer's id. */
export const PeerRecord = Schema.Struct({ ...PeerClaim.fields, signature: Signature })
export type PeerRecord = typeof PeerRecord.Type

/** A point of the key space, where peers and blocks have their place: 16 bytes in base32. */
export const Place = Schema.String.pipe(Schema.pattern(/^[a-z2-7]{25}[aeimquy4]$/), Schema.brand("Place"))
export type Place = typeof Place.Type

/** How long ago the last sign of a peer was, as far as whoever tells of it knows. */
const silentMillis = Schema.Int.pipe(Schema.between(0, MAX_LIFETIME_MILLIS))

/** A record as it is passed on. */
export const ToldRecord = Schema.Struct({ record: PeerRecord, silentMillis })
export type ToldRecord = typeof ToldRecord.Type

/** The digest of a record, or of those of one part of the key space: 40 bits in base32. */
export const DirectoryDigest = Schema.String.pipe(Schema.pattern(/^[a-z2-7]{8}$/))
export type DirectoryDigest = typeof DirectoryDigest.Type

/** What somebody has of a peer, for comparison. */
export const RecordSummary = Schema.Struct({
  digest: DirectoryDigest,
  peer: PeerId,
  sequence: PeerClaim.fields.sequence
})
export type RecordSummary = typeof RecordSummary.Type

/** Parts of the key space that are compared at once, at most. */
export const MAX_DIGESTS = 512
/** Summaries in one answer, at most. */
export const MAX_SUMMARIES = 256
/** Records in one message, at most. */
export const MAX_RECORDS = 32

/** What the asking or answering peer says of itself: a client says nothing. */
const own = Schema.optionalWith(PeerRecord, { exact: true })

/** What peers ask each other about peers. */
export const DirectoryQuestion = Schema.Union(
  /** Are you there? */
  Schema.TaggedStruct("Ping", { own }),
  /** What do you know otherwise? The key space is cut into equal parts, as many as there are digests: a power of two. */
  Schema.TaggedStruct("Exchange", {
    digests: Schema.Array(DirectoryDigest).pipe(Schema.minItems(1), Schema.maxItems(MAX_DIGESTS)),
    own
  }),
  /** Here is what you lack, and I want what I lack. */
  Schema.TaggedStruct("Records", {
    given: Schema.Array(ToldRecord).pipe(Schema.maxItems(MAX_RECORDS)),
    wanted: Schema.Array(PeerId).pipe(Schema.maxItems(MAX_RECORDS))
  }),
  /** Who is closest to a place? */
  Schema.TaggedStruct("Closest", {
    count: Schema.Int.pipe(Schema.between(1, MAX_RECORDS)),
    /** Whether those who are not active are left out. */
    onlyActive: Schema.Boolean,
    own,
    place: Place
  })
)
export type DirectoryQuestion = typeof DirectoryQuestion.Type

/** What peers answer. */
export const DirectoryAnswer = Schema.Union(
  Schema.TaggedStruct("Ping", { own }),
  /** All that is known in some parts that differ, and which they are. */
  Schema.TaggedStruct("Exchange", {
    own,
    parts: Schema.Array(Schema.Int.pipe(Schema.between(0, MAX_DIGESTS - 1))).pipe(Schema.maxItems(MAX_DIGESTS)),
    summaries: Schema.Array(RecordSummary).pipe(Schema.maxItems(MAX_SUMMARIES))
  }),
  Schema.TaggedStruct("Records", { given: Schema.Array(ToldRecord).pipe(Schema.maxItems(MAX_RECORDS)) }),
  Schema.TaggedStruct("Closest", { found: Schema.Array(ToldRecord).pipe(Schema.maxItems(MAX_RECORDS)), own })
)
export type DirectoryAnswer = typeof DirectoryAnswer.Type
