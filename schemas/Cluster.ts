/**
 * What members of a cluster and those who drive transactions send each other. Protocol §2 to §5.
 */
import * as Schema from "effect/Schema"
import { ActionId, BlockId } from "./Ids.ts"
import { KeySignature, Payload, SignedManifest } from "./Manifest.ts"
import { Ballot, Certificate, Decision, JoinValue, Proof } from "./Proof.ts"
import { CommitRequest, PendRequest } from "./Repo.ts"
import { CertifiedRevision, Revision } from "./Revision.ts"

/** What a member accepted, and in which ballot. */
export const Acceptance = Schema.Struct({ ballot: Schema.NullOr(Ballot), value: Decision })
export type Acceptance = typeof Acceptance.Type

/** What justified an acceptance: in ballot 0 the pend certificates of all shards, later one prepare certificate. */
export const AcceptanceProof = Schema.NonEmptyArray(Certificate)
export type AcceptanceProof = typeof AcceptanceProof.Type

/** What a member says when it joins a ballot; the proof is that of the acceptance it tells of. */
export const JoinStatement = Schema.Struct({
  proof: Schema.optionalWith(AcceptanceProof, { exact: true }),
  signed: KeySignature,
  value: JoinValue
})
export type JoinStatement = typeof JoinStatement.Type

/** How a transaction ended other than by a commit, and what shows that it never commits. */
export const FailedEnding = Schema.Union(
  Schema.TaggedStruct("Aborted", { decision: Certificate }),
  Schema.TaggedStruct("Rejected", { refusals: Certificate }),
  Schema.TaggedStruct("Excluded", { by: CertifiedRevision })
)
export type FailedEnding = typeof FailedEnding.Type

/** How a transaction ended, and what shows it. */
export const Ending = Schema.Union(Schema.TaggedStruct("Committed", { proof: Proof }), ...FailedEnding.members)
export type Ending = typeof Ending.Type

const signed = Schema.optionalWith(SignedManifest, { exact: true })

/** What a member is asked. Manifests may be left out where the member has voted. */
export const MemberRequest = Schema.Union(
  /** Vote: the transforms are those of all shards that the member is in. */
  Schema.TaggedStruct("Pend", PendRequest.fields),
  /** Join a ballot. `near`: a prepare certificate of a ballot that is not far below. */
  Schema.TaggedStruct("Join", {
    ballot: Ballot,
    near: Schema.optionalWith(Certificate, { exact: true }),
    signed: SignedManifest
  }),
  /** Prepare a value. The payload is for members that must take a lock for it. */
  Schema.TaggedStruct("Propose", {
    ballot: Ballot,
    payload: Schema.optionalWith(Payload, { exact: true }),
    signed: SignedManifest,
    statements: Schema.Array(JoinStatement),
    value: Decision
  }),
  Schema.TaggedStruct("Accept", { acceptance: Acceptance, actionId: ActionId, proof: AcceptanceProof, signed }),
  Schema.TaggedStruct("Apply", CommitRequest.fields),
  /** Take note that the transaction never commits. */
  Schema.TaggedStruct("End", { actionId: ActionId, ending: FailedEnding, signed }),
  /** Say what is known of a transaction; with its payload, where whoever asks has to send that to others. */
  Schema.TaggedStruct("Ask", { actionId: ActionId, wantsPayload: Schema.Boolean }),
  /** Say what the latest revisions of blocks are, and who locks them. */
  Schema.TaggedStruct("Read", { blocks: Schema.Array(BlockId) })
)
export type MemberRequest = typeof MemberRequest.Type

/** A vote of a member of a shard. */
export const ShardVote = Schema.Struct({ shard: Schema.Int.pipe(Schema.nonNegative()), signed: KeySignature })
export type ShardVote = typeof ShardVote.Type

const votes = Schema.NonEmptyArray(ShardVote)
const reason = Schema.String

/** A lock in the way: on which block, and of which transaction. */
export const LockInTheWay = Schema.Struct({ block: BlockId, holder: ActionId })
export type LockInTheWay = typeof LockInTheWay.Type

/** A block as a member has it: its latest revision, and the undecided transactions that hold locks on it. */
export const LatestRevision = Schema.Struct({
  block: BlockId,
  latest: Schema.NullOr(Revision),
  locks: Schema.Array(SignedManifest)
})
export type LatestRevision = typeof LatestRevision.Type

/** What a member answers. What is signed is a vote; all else may be asked again. */
export const MemberAnswer = Schema.Union(
  // Votes, for ever.
  Schema.TaggedStruct("Approved", { votes }),
  Schema.TaggedStruct("Declined", { reason: Schema.Literal("locked", "invalid"), votes }),
  // No votes.
  Schema.TaggedStruct("Superseded", { newer: Schema.Array(CertifiedRevision) }),
  Schema.TaggedStruct("Behind", { blocks: Schema.Array(BlockId) }),
  Schema.TaggedStruct("Diverged", { block: BlockId }),
  Schema.TaggedStruct("InTheWay", { by: Schema.Array(LockInTheWay) }),
  Schema.TaggedStruct("Invalid", { reason }),
  Schema.TaggedStruct("Membership", { reason }),
  Schema.TaggedStruct("Busy", { reason }),
  /** It is larger than this member ever takes. */
  Schema.TaggedStruct("Excessive", { actual: Schema.Number, limit: Schema.Number, what: Schema.String }),
  /** A higher ballot was joined. */
  Schema.TaggedStruct("Outranked", { joined: Ballot }),
  /** The ballot is too far above the one that was joined. */
  Schema.TaggedStruct("Oversized", { joined: Schema.NullOr(Ballot) }),
  /** The manifest is not known here: it must be sent along. */
  Schema.TaggedStruct("Unknown", {}),
  // Recovery.
  Schema.TaggedStruct("Joined", { ballot: Ballot, statement: JoinStatement }),
  Schema.TaggedStruct("Prepared", { ballot: Ballot, signed: KeySignature, value: Decision }),
  Schema.TaggedStruct("Accepted", { acceptance: Acceptance, proof: AcceptanceProof, signed: KeySignature }),
  // Ends and reads.
  Schema.TaggedStruct("Ended", { ending: Ending, signed }),
  Schema.TaggedStruct("Open", {
    acceptance: Schema.NullOr(Acceptance),
    approved: Schema.Boolean,
    joined: Schema.NullOr(Ballot),
    payload: Schema.optionalWith(Payload, { exact: true }),
    signed
  }),
  Schema.TaggedStruct("Latest", { blocks: Schema.Array(LatestRevision) })
)
export type MemberAnswer = typeof MemberAnswer.Type
