/** One ballot of a recovery: who joined, what follows from that, who prepared and who accepted it. Protocol §4. */
import type { JoinStatement } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Ballot } from "../../../schemas/Proof.ts"
import { peerIdOf } from "../../encoding/PeerIdentity.ts"
import { isSameBallot } from "../Ballot.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { type Justified, justify, statementProblem } from "../evidence/Justification.ts"
import { quorumsOf } from "../Quorum.ts"
import type { Driven, Heard } from "./Drive.ts"
import { giveUp, mayReach, sign, startTally, type Tally } from "./Tally.ts"

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
  /** Who has accepted what was prepared, once that was asked. */
  readonly accepted: Tally | undefined
}

/** A ballot that nobody has joined. */
export const startBallot = (ballot: Ballot): RecoveryBallot => ({
  accepted: undefined,
  ballot,
  out: new Set(),
  proposal: undefined,
  statements: new Map()
})

/** Takes down what a member answers in this ballot. Any answer that is none in it says that the member is out of it. */
export const heardIn = (
  rules: ClusterRules,
  { action, signed }: Driven,
  current: RecoveryBallot,
  { answer, from }: Extract<Heard, { _tag: "Answer" }>
): RecoveryBallot => {
  const { accepted, ballot, proposal } = current
  switch (answer._tag) {
    case "Joined":
      return isSameBallot(answer.ballot, ballot)
        ? countStatement(rules, action, signed.manifest, current, from, answer.statement)
        : current
    case "Prepared":
      return proposal !== undefined && isSameBallot(answer.ballot, ballot)
        ? {
            ...current,
            proposal: { ...proposal, prepared: sign(rules, action, proposal.prepared, from, answer.signed) }
          }
        : current
    case "Accepted":
      return accepted !== undefined && isSameBallot(answer.acceptance.ballot, ballot)
        ? { ...current, accepted: sign(rules, action, accepted, from, answer.signed) }
        : giveUpOn(current, from)
    default:
      return giveUpOn(current, from)
  }
}

/** Takes down a join statement of the member's own, if it counts; else none that counts is to be expected of it. */
const countStatement = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  current: RecoveryBallot,
  from: PeerId,
  statement: JoinStatement
): RecoveryBallot => {
  if (current.statements.has(from)) return current
  // Another's counts once, and for who made it: whoever hands it on would make Q statements of fewer members.
  const isSound =
    peerIdOf(statement.signed.key) === from &&
    statementProblem(rules, action, manifest, current.ballot, statement) === undefined
  return isSound
    ? { ...current, statements: new Map(current.statements).set(from, statement) }
    : giveUpOn(current, from)
}

/** Notes that nothing more is to be expected of a member in this ballot. */
export const giveUpOn = (current: RecoveryBallot, peer: PeerId): RecoveryBallot => ({
  ...current,
  accepted: current.accepted && giveUp(current.accepted, peer),
  out: current.statements.has(peer) ? current.out : new Set(current.out).add(peer),
  proposal: current.proposal && { ...current.proposal, prepared: giveUp(current.proposal.prepared, peer) }
})

/** Whether Q may still join, prepare and accept. */
export const mayDecide = (rules: ClusterRules, { shards }: Manifest, current: RecoveryBallot): boolean => {
  const { members } = shards[0]
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  if (current.accepted !== undefined) return mayReach(current.accepted, quorum)
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
