/**
 * Requests and answers of a repository of blocks, whether local, coordinated or remote.
 */
import * as Schema from "effect/Schema"
import { Block } from "./Block.ts"
import { ActionId, BlockId, CollectionId, PeerId, Rev } from "./Ids.ts"
import { After, Payload, SignedManifest } from "./Manifest.ts"
import { Proof } from "./Proof.ts"
import { CertifiedRevision, Revision } from "./Revision.ts"

/** A block to read: its latest revision, or the one that was latest at revision `at` of its collection. */
export const BlockRead = Schema.Struct({ at: Schema.optionalWith(Rev, { exact: true }), id: BlockId })
export type BlockRead = typeof BlockRead.Type

/** A revision of a block: its content, undefined where the revision is a tombstone. */
export const StoredBlock = Schema.Struct({
  after: After,
  block: Schema.UndefinedOr(Block),
  rev: Rev
})
export type StoredBlock = typeof StoredBlock.Type

/** A signed manifest and the transforms of the receiver's shard. */
export const PendRequest = Schema.Struct({ payload: Payload, signed: SignedManifest })
export type PendRequest = typeof PendRequest.Type

/** The transaction is decided and applied. */
export const Committed = Schema.TaggedStruct("Committed", { actionId: ActionId, proof: Proof })
export type Committed = typeof Committed.Type

/** The transaction holds its locks, durably, and waits for its decision. */
export const Pended = Schema.TaggedStruct("Pended", { actionId: ActionId })
export type Pended = typeof Pended.Type

/** A base is not the latest revision: what was missed, newest revision of each such block. */
export const Stale = Schema.TaggedStruct("Stale", {
  actionId: ActionId,
  missed: Schema.Array(Schema.Struct({ block: BlockId, latest: Schema.NullOr(Revision) }))
})
export type Stale = typeof Stale.Type

/** Other transactions hold locks in the way. */
export const Locked = Schema.TaggedStruct("Locked", {
  actionId: ActionId,
  by: Schema.Array(Schema.Struct({ block: BlockId, holder: ActionId }))
})
export type Locked = typeof Locked.Type

/** The request breaks a rule; sent again it will be refused again. */
export const Refused = Schema.TaggedStruct("Refused", { actionId: ActionId, reason: Schema.String })
export type Refused = typeof Refused.Type

/** The answers to a pend. */
export const PendAnswer = Schema.Union(Committed, Pended, Stale, Locked, Refused)
export type PendAnswer = typeof PendAnswer.Type

/** A decision to apply: the manifest and transforms where the receiver may not have seen them. */
export const CommitRequest = Schema.Struct({
  actionId: ActionId,
  proof: Proof,
  request: Schema.optionalWith(PendRequest, { exact: true })
})
export type CommitRequest = typeof CommitRequest.Type

/** The answers to a commit: applied, or what stands in the way of it. */
export const CommitAnswer = Schema.Union(Committed, Stale, Refused)
export type CommitAnswer = typeof CommitAnswer.Type

/** What is known of a transaction. `unknown` says nothing about what others know. */
export const TransactionStatus = Schema.Union(
  Committed,
  Pended,
  Schema.TaggedStruct("Aborted", { actionId: ActionId }),
  Schema.TaggedStruct("Unknown", { actionId: ActionId })
)
export type TransactionStatus = typeof TransactionStatus.Type

/** Revisions of a block that are told in one answer, at most. */
export const MAX_REVISIONS = 1_000

/** Blocks that are told in one answer, at most. */
export const MAX_BLOCKS_TOLD = 256

/** A block that a peer keeps, and the revision it has of it. Unproved: it says what to ask for. */
export const KeptBlock = Schema.Struct({ id: BlockId, rev: Rev })
export type KeptBlock = typeof KeptBlock.Type

/** A revision of a block with its content, and what proves it. */
export const ProvedBlock = Schema.Struct({
  block: Schema.NullOr(Block),
  proof: Proof,
  revision: Revision,
  signed: SignedManifest
})
export type ProvedBlock = typeof ProvedBlock.Type

/** Names a turn that was asked for, at the peer that was asked. */
export const Ticket = Schema.Int.pipe(Schema.positive())
export type Ticket = typeof Ticket.Type

/** Who wants a turn, and for what. `attempts`: who has tried more often goes first. */
export const TurnRequest = Schema.Struct({
  attempts: Schema.Int.pipe(Schema.nonNegative()),
  collection: CollectionId,
  /** Whether the asking peer does not keep the collection itself. */
  wantsEnds: Schema.Boolean
})
export type TurnRequest = typeof TurnRequest.Type

/** A turn that has come. Nobody is bound by it. */
export const TurnGiven = Schema.Struct({
  /** The collection's header and its open tail with what proves them, where that was wanted and it exists. */
  ends: Schema.Array(ProvedBlock),
  /** Whether others want a turn, too. */
  isContended: Schema.Boolean,
  /** The revision of the collection where it was given; 0 where it does not exist. Proved by nothing. */
  rev: Schema.Int.pipe(Schema.nonNegative()),
  ticket: Ticket
})
export type TurnGiven = typeof TurnGiven.Type

/** Entries of the cluster index that are told in one answer, at most. */
export const MAX_ENTRIES_TOLD = 1_024

/** Peers that are about to be active, and creations that these are to wait for, of which one answer tells, at most. */
export const MAX_ARRIVALS_TOLD = 256

/** What a peer's part of the cluster index says of a collection: the transaction that created it. */
export const EntrySummary = Schema.Struct({ collection: CollectionId, creator: ActionId })
export type EntrySummary = typeof EntrySummary.Type

/** What a peer is asked about the blocks that it keeps, and about its part of the cluster index. */
export const RepoQuestion = Schema.Union(
  /** A block at its latest revision, or as it was at a revision of its collection. */
  Schema.TaggedStruct("BlockAt", BlockRead.fields),
  /** The revisions of a block from one on, oldest first. */
  Schema.TaggedStruct("Revisions", {
    block: BlockId,
    from: Rev,
    limit: Schema.Int.pipe(Schema.between(1, MAX_REVISIONS))
  }),
  /** What proves a revision of a block. */
  Schema.TaggedStruct("Proof", { block: BlockId, rev: Rev }),
  /** A committed transaction, with the changes of the blocks that are kept there. */
  Schema.TaggedStruct("Transaction", { actionId: ActionId }),
  /** Of the blocks after one, in the order of their ids, those that whoever asks is to keep, too. */
  Schema.TaggedStruct("Shared", { after: Schema.optionalWith(BlockId, { exact: true }) }),
  /** A turn of the asking peer among those who compete for a collection: answered once it has come. */
  Schema.TaggedStruct("Turn", TurnRequest.fields),
  /** The turn is over without a commit. A commit ends it by itself. */
  Schema.TaggedStruct("TurnOver", { collection: CollectionId, ticket: Ticket }),
  /** Who created a collection, and who keeps it. Protocol §1, *cluster index*. */
  Schema.TaggedStruct("Entry", { collection: CollectionId }),
  /** Of the entries after one, in the order of their ids, those that whoever asks is to keep, too. */
  Schema.TaggedStruct("Entries", { after: Schema.optionalWith(CollectionId, { exact: true }) }),
  /** Whoever asks is about to take over its part of the cluster index, and to be active. Decision 32. */
  Schema.TaggedStruct("Arrive", {})
)
export type RepoQuestion = typeof RepoQuestion.Type

/** What a peer tells of the blocks that it keeps. */
export const RepoAnswer = Schema.Union(
  /** `through`: it has every revision of the block's collection up to this one; 0: it knows nothing of it. */
  Schema.TaggedStruct("BlockAt", {
    found: Schema.NullOr(ProvedBlock),
    through: Schema.Int.pipe(Schema.nonNegative())
  }),
  Schema.TaggedStruct("Revisions", { revisions: Schema.Array(Revision) }),
  Schema.TaggedStruct("Proof", {
    found: Schema.NullOr(Schema.Struct({ proof: Proof, revision: Revision, signed: SignedManifest }))
  }),
  Schema.TaggedStruct("Transaction", { found: Schema.NullOr(CommitRequest) }),
  /** A part of them; where there are more, they go on after `resume`. */
  Schema.TaggedStruct("Shared", {
    blocks: Schema.Array(KeptBlock).pipe(Schema.maxItems(MAX_BLOCKS_TOLD)),
    resume: Schema.optionalWith(BlockId, { exact: true })
  }),
  Schema.TaggedStruct("Turn", TurnGiven.fields),
  Schema.TaggedStruct("TurnOver", {}),
  /** Its first revision, with what proves it: the members stand in its manifest. Null: this peer knows of none. */
  Schema.TaggedStruct("Entry", { found: Schema.NullOr(CertifiedRevision) }),
  /** A part of them; where there are more, they go on after `resume`. */
  Schema.TaggedStruct("Entries", {
    entries: Schema.Array(EntrySummary).pipe(Schema.maxItems(MAX_ENTRIES_TOLD)),
    resume: Schema.optionalWith(CollectionId, { exact: true })
  }),
  /** It approves no creation without the newcomer from now on. What it has approved that is undecided, and who else arrives. */
  Schema.TaggedStruct("Arrived", {
    creations: Schema.Array(EntrySummary).pipe(Schema.maxItems(MAX_ARRIVALS_TOLD)),
    newcomers: Schema.Array(PeerId).pipe(Schema.maxItems(MAX_ARRIVALS_TOLD))
  }),
  /** It has it no more, or cannot read it. */
  Schema.TaggedStruct("Unavailable", { reason: Schema.String })
)
export type RepoAnswer = typeof RepoAnswer.Type
