/** Gathers the votes of one shard. Protocol §2. */
import type { ShardVote } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import { approvalsNeeded, type ClusterRules, hasRefusals } from "../ClusterRules.ts"
import { quorumsOf } from "../Quorum.ts"
import { certificateOf, giveUp, mayReach, sign, startTally, type Tally } from "./Tally.ts"

/** The votes of a shard so far. A member that refuses will not approve, nor the other way round. */
export interface ShardCoordinator {
  readonly index: number
  readonly approvals: Tally
  readonly refusals: Tally
}

/** A shard of which nobody has voted. */
export const startShard = ({ shards }: Manifest, index: number): ShardCoordinator => {
  const { members } = shards[index]!
  const claim = { ballot: null, shard: index, value: null } as const
  return {
    approvals: startTally({ kind: "approve", ...claim }, members),
    index,
    refusals: startTally({ kind: "refuse", ...claim }, members)
  }
}

/** Counts the vote of a member for this shard, among those for all shards that it is in. */
export const countVote = (
  rules: ClusterRules,
  action: ActionId,
  shard: ShardCoordinator,
  from: PeerId,
  kind: "approve" | "refuse",
  votes: ReadonlyArray<ShardVote>
): ShardCoordinator => {
  const vote = votes.find((vote) => vote.shard === shard.index)
  if (vote === undefined) return noVote(shard, from)
  const { approvals, refusals } = shard
  return kind === "approve"
    ? { ...shard, approvals: sign(rules, action, approvals, from, vote.signed), refusals: giveUp(refusals, from) }
    : { ...shard, approvals: giveUp(approvals, from), refusals: sign(rules, action, refusals, from, vote.signed) }
}

/** Notes that no vote of a member is to be expected for now. */
export const noVote = (shard: ShardCoordinator, peer: PeerId): ShardCoordinator => ({
  ...shard,
  approvals: giveUp(shard.approvals, peer),
  refusals: giveUp(shard.refusals, peer)
})

/** How a shard stands. */
export type Standing =
  | { readonly _tag: "Waiting" }
  | { readonly _tag: "Pended"; readonly pend: Certificate }
  | { readonly _tag: "Rejected"; readonly refusals: Certificate }
  /** Neither can come of what was answered: who drives the transaction has to recover it. */
  | { readonly _tag: "Split" }

/** How a shard stands by the votes that were counted. */
export const standing = (
  rules: ClusterRules,
  manifest: Manifest,
  { approvals, index, refusals }: ShardCoordinator
): Standing => {
  const { members } = approvals
  const needed = approvalsNeeded(rules, manifest.shards[index]!)
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  const pend = certificateOf(approvals, needed)
  if (pend !== undefined) return { _tag: "Pended", pend }
  const refused = hasRefusals(manifest) ? certificateOf(refusals, quorum) : undefined
  if (refused !== undefined) return { _tag: "Rejected", refusals: refused }
  const mayBeRefused = hasRefusals(manifest) && refusals.signatures.size > 0 && mayReach(refusals, quorum)
  return mayReach(approvals, needed) || mayBeRefused ? { _tag: "Waiting" } : { _tag: "Split" }
}
