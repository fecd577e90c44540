/** One ballot of a recovery: who joined, what follows from that, who prepared and who accepted it. Protocol §4. */
import type { AcceptanceProof, JoinStatement } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Ballot } from "../../../schemas/Proof.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { type Justified, justify, statementProblem } from "../evidence/Justification.ts"
import { quorumsOf } from "../Quorum.ts"
import { giveUp, mayReach, startTally, type Tally } from "./Tally.ts"

/** A ballot on its way through its three steps. */
export interface RecoveryBallot {
  readonly ballot: Ballot
  readonly statements: ReadonlyMap<PeerId, JoinStatement>
  /** Members of which no statement is to be expected. */
  readonly out: ReadonlySet<PeerId>
  /** What was proposed, on which statements. */
  readonly proposal:
    | (Justified & { readonly statements: ReadonlyArray<JoinStatement>; readonly prepared: Tally })
    | undefined
  /** The prepare certificate, and who has accepted it. */
  readonly second: { readonly proof: AcceptanceProof; readonly accepted: Tally } | undefined
}

/** A ballot that nobody has joined. */
export const startBallot = (ballot: Ballot): RecoveryBallot => ({
  ballot,
  out: new Set(),
  proposal: undefined,
  second: undefined,
  statements: new Map()
})

/** Takes down a join statement, if it counts. */
export const countStatement = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  current: RecoveryBallot,
  from: PeerId,
  statement: JoinStatement
): RecoveryBallot =>
  current.statements.has(from) || statementProblem(rules, action, manifest, current.ballot, statement) !== undefined
    ? current
    : { ...current, statements: new Map(current.statements).set(from, statement) }

/** Notes that nothing more is to be expected of a member in this ballot. */
export const giveUpOn = (current: RecoveryBallot, peer: PeerId): RecoveryBallot => ({
  ...current,
  out: current.statements.has(peer) ? current.out : new Set(current.out).add(peer),
  proposal: current.proposal && { ...current.proposal, prepared: giveUp(current.proposal.prepared, peer) },
  second: current.second && { ...current.second, accepted: giveUp(current.second.accepted, peer) }
})

/** Whether Q may still join, prepare and accept. */
export const mayDecide = (rules: ClusterRules, { shards }: Manifest, current: RecoveryBallot): boolean => {
  const { members } = shards[0]
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  if (current.second !== undefined) return mayReach(current.second.accepted, quorum)
  if (current.proposal !== undefined) return mayReach(current.proposal.prepared, quorum)
  return members.length - current.out.size >= quorum
}

/**
 * Proposes what exactly Q statements justify, once there are so many. `order` says whose are taken first: those who declined in
 * an earlier ballot, then the others, drawn anew. Statements of the first are waited for, as long as they may come.
 */
export const proposed = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  current: RecoveryBallot,
  order: ReadonlyArray<PeerId>,
  declined: ReadonlySet<PeerId>
): RecoveryBallot => {
  const { members } = manifest.shards[0]
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  const { ballot, out, statements } = current
  const isAwaited = (peer: PeerId) => declined.has(peer) && !statements.has(peer) && !out.has(peer)
  if (current.proposal !== undefined || statements.size < quorum || members.some(isAwaited)) return current
  const chosen = order.flatMap((peer) => statements.get(peer) ?? []).slice(0, quorum)
  const justified = justify(rules, action, manifest, ballot, chosen)
  if (typeof justified === "string") throw new Error(`statements that were checked justify nothing: ${justified}`)
  const prepared = startTally({ ballot, kind: "prepared", shard: 0, value: justified.value }, members)
  return { ...current, proposal: { ...justified, prepared, statements: chosen } }
}
