import * as Schema from "effect/Schema"
import { ActionId, PeerId, PublicKey } from "./Ids.ts"
import { KeySignature, NetworkName, PROTOCOL_VERSION } from "./Manifest.ts"

/** A ballot of a transaction's decision. Ballot 0 has no number of its own: it is `null` in a statement. Protocol §3, §4. */
export const Ballot = Schema.Struct({ n: Schema.Int.pipe(Schema.positive()), peer: PeerId })
export type Ballot = typeof Ballot.Type

/** How members may fail: `crash`, they stop; `byzantine`, some of them lie. A constant of a network. Protocol §1. */
export const FaultModel = Schema.Literal("byzantine", "crash")
export type FaultModel = typeof FaultModel.Type

/** What a transaction's consensus instance decides. */
export const Decision = Schema.Literal("commit", "abort")
export type Decision = typeof Decision.Type

/** The kinds of statement that are signed. Statements of different kinds never add up. */
export const StatementKind = Schema.Literal("author", "approve", "refuse", "join", "prepared", "accepted")
export type StatementKind = typeof StatementKind.Type

/** The value of a join statement: the highest acceptance below the ballot, and whether this member signed approve. */
export const JoinValue = Schema.Struct({
  acceptance: Schema.NullOr(Schema.Struct({ ballot: Schema.NullOr(Ballot), value: Decision })),
  approved: Schema.Boolean
})
export type JoinValue = typeof JoinValue.Type

/** What every signature covers, as canonical JSON. Consensus statements and the author's have shard 0. Protocol §1. */
export const Statement = Schema.Struct({
  action: ActionId,
  ballot: Schema.NullOr(Ballot),
  kind: StatementKind,
  network: NetworkName,
  shard: Schema.Int.pipe(Schema.nonNegative()),
  signer: PublicKey,
  value: Schema.NullOr(Schema.Union(Decision, JoinValue)),
  version: Schema.Literal(PROTOCOL_VERSION)
})
export type Statement = typeof Statement.Type

/** Signatures of distinct members under statements that differ only in their signer. */
export const Certificate = Schema.Struct({
  ballot: Schema.NullOr(Ballot),
  kind: StatementKind,
  shard: Schema.Int.pipe(Schema.nonNegative()),
  signatures: Schema.NonEmptyArray(KeySignature),
  value: Schema.NullOr(Decision)
})
export type Certificate = typeof Certificate.Type

/**
 * What proves a revision of a block, beside the manifest (protocol §3): the decision certificate, and for manifests of
 * several shards or an all-K creation also the pend certificate of the block's own shard. A member of several shards of a
 * transaction keeps one for each of them.
 */
export const Proof = Schema.Struct({
  decision: Certificate,
  pends: Schema.optionalWith(Schema.NonEmptyArray(Certificate), { exact: true })
})
export type Proof = typeof Proof.Type
