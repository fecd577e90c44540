/**
 * What a member has promised about an undecided transaction: its vote, the ballot it joined, what it prepared and what it
 * accepted. Nothing of it is told before it is durable. Protocol §1, *Durable before sent*.
 */
import type { Acceptance, AcceptanceProof } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Payload, SignedManifest } from "../../../schemas/Manifest.ts"
import type { Ballot, Decision } from "../../../schemas/Proof.ts"
import type { Transform } from "../../../schemas/Transform.ts"
import type { StorageKey, StorageWrite } from "../../../services/RawStorage.ts"
import { textLength } from "../../encoding/CanonicalJson.ts"
import { removed } from "../../storage/records.ts"

/** The one vote of a member, for all shards that it is in: they stand and fall together. */
export type Vote = { readonly kind: "approve" } | { readonly kind: "refuse"; readonly reason: "locked" | "invalid" }

/** What a member has done in the ballots of a transaction. */
export interface BallotRecord {
  readonly joined: Ballot | null
  /** In the ballot that is joined, or a lower one. */
  readonly prepared?: { readonly ballot: Ballot; readonly value: Decision }
  /** The highest acceptance, with its proof. */
  readonly accepted?: Acceptance & { readonly proof: AcceptanceProof }
}

/** All of a member's promises about one transaction. */
export interface Votes {
  readonly signed: SignedManifest
  readonly vote?: Vote
  readonly ballots: BallotRecord
  /** The length of the transforms that are kept to apply it, as JSON: what is stored of them, so no record by itself. */
  readonly pendingLength: number
}

/** A transaction about which nothing was promised yet. */
export const noVotes = (signed: SignedManifest): Votes => ({
  ballots: { joined: null },
  pendingLength: 0,
  signed
})

/** The length of a payload, as JSON: what a member keeps until the transaction has ended. */
export const payloadLength = (payload: Payload): number =>
  Object.values<Transform>(payload).reduce((sum, transform) => sum + textLength(transform), 0)

/** Where each promise is stored. */
export const voteKeys = {
  ballots: (action: ActionId): StorageKey => ["ballot", action, "", ""],
  /** Of a transaction that is not pended: what is pended is stored with its manifest. */
  manifest: (action: ActionId): StorageKey => ["vote", action, "manifest", ""],
  vote: (action: ActionId): StorageKey => ["vote", action, "vote", ""]
} as const

const put = (key: StorageKey, value: object): StorageWrite => ({ key, type: "put", value: JSON.stringify(value) })

/** The writes that make promises durable. */
export const votesWrites = (
  action: ActionId,
  before: Votes | undefined,
  after: Votes,
  isPended: boolean
): ReadonlyArray<StorageWrite> => [
  ...(before === undefined && !isPended ? [put(voteKeys.manifest(action), after.signed)] : []),
  ...(after.vote !== undefined && after.vote !== before?.vote ? [put(voteKeys.vote(action), after.vote)] : []),
  ...(isUntouched(after.ballots) || after.ballots === before?.ballots
    ? []
    : [put(voteKeys.ballots(action), after.ballots)])
]

/** Whether nothing was done in any ballot: most transactions end without one. */
const isUntouched = ({ accepted, joined }: BallotRecord): boolean => joined === null && accepted === undefined

/** The writes that drop them, once the outcome is known and says it all. */
export const votesRemovals = (action: ActionId, votes: Votes | undefined): ReadonlyArray<StorageWrite> => {
  if (votes === undefined) return []
  return [
    removed(voteKeys.manifest(action)),
    ...(votes.vote === undefined ? [] : [removed(voteKeys.vote(action))]),
    ...(isUntouched(votes.ballots) ? [] : [removed(voteKeys.ballots(action))])
  ]
}
