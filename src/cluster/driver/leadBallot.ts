/** Leads the ballots of a recovery: join, propose, accept. Protocol §4, *Recovery*. */
import type { AcceptanceProof } from "../../../schemas/Cluster.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import { ballotAbove } from "../Ballot.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { needsPends } from "../evidence/AcceptanceProof.ts"
import { quorumsOf } from "../Quorum.ts"
import { conclude } from "./concludeRecovery.ts"
import { requestFor, type Send, sendEach } from "./Drive.ts"
import { gatheredPends } from "./PendGathering.ts"
import { type Answered, idle, type Recovery, type RecoveryStep } from "./Recovery.ts"
import { mayDecide, proposed, type RecoveryBallot, startBallot } from "./RecoveryBallot.ts"
import { certificateOf, startTally } from "./Tally.ts"

/** Begins a ballot above all that were told of, so far as members would follow. */
export const lead = (state: Recovery): RecoveryStep => {
  const { driven, highest, led, near, self } = state
  const { signed } = driven
  const ballot = ballotAbove(self, highest, led, near?.ballot ?? null)
  const outputs = sendEach(signed.manifest.shards[0].members, () => ({
    _tag: "Join",
    ballot,
    signed,
    ...(near !== undefined && { near })
  }))
  const phase = { _tag: "Leading", current: startBallot(ballot) } as const
  return { outputs, state: { ...state, ballots: state.ballots + 1, highest: ballot, inTheWay: [], led: ballot, phase } }
}

/** Notes who did not prepare what was proposed, and what is in the way. */
export const declinedBy = (state: Recovery, current: RecoveryBallot, { answer, from }: Answered): Recovery => {
  const { declined, inTheWay } = state
  switch (answer._tag) {
    case "Joined":
    case "Prepared":
    case "Accepted":
      return state
    case "InTheWay":
      return { ...state, declined: new Set(declined).add(from), inTheWay: [...inTheWay, ...answer.by] }
    default:
      return current.proposal === undefined ? state : { ...state, declined: new Set(declined).add(from) }
  }
}

/** Goes as far as what was counted allows: proposes, asks to accept, decides, or gives the ballot up. */
export const advance = (rules: ClusterRules, state: Recovery, before: RecoveryBallot): RecoveryStep => {
  const { action, signed } = state.driven
  const { members } = signed.manifest.shards[0]
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  const current = proposed(rules, action, signed.manifest, before, state.order, state.declined)
  const next: Recovery = { ...state, phase: { _tag: "Leading", current } }
  const { accepted, proposal } = current
  const decision = accepted && certificateOf(accepted, quorum)
  if (decision !== undefined) {
    return decision.value === "abort"
      ? conclude(rules, next, { _tag: "Aborted", decision })
      : conclude(rules, next, { _tag: "Committed", proof: { decision } })
  }
  if (!mayDecide(rules, signed.manifest, current)) return backOff(next)
  if (proposal !== undefined && before.proposal === undefined) return { outputs: propose(next, current), state: next }
  const certificate = proposal && certificateOf(proposal.prepared, quorum)
  return certificate === undefined || accepted !== undefined
    ? idle(next)
    : askToAccept(rules, next, current, certificate)
}

const propose = ({ driven }: Recovery, { ballot, proposal }: RecoveryBallot): ReadonlyArray<Send> => {
  const { signed } = driven
  const { from, statements, value } = proposal!
  return sendEach(signed.manifest.shards[0].members, (peer) => ({
    _tag: "Propose",
    ballot,
    signed,
    statements,
    value,
    ...(from === "approvals" && { payload: requestFor(driven, peer).payload })
  }))
}

/** Q members have prepared a value. With a commit go the pend certificates that the acceptance below it stood on. */
const askToAccept = (
  rules: ClusterRules,
  state: Recovery,
  current: RecoveryBallot,
  certificate: Certificate
): RecoveryStep => {
  const { driven, pends } = state
  const { action: actionId, signed } = driven
  const { members } = signed.manifest.shards[0]
  const acceptance = { ballot: current.ballot, value: current.proposal!.value }
  const shown = needsPends(rules, signed.manifest, acceptance.value) ? gatheredPends(rules, driven, pends) : []
  const proof: AcceptanceProof = [certificate, ...shown]
  const accepted = startTally({ ...acceptance, kind: "accepted", shard: 0 }, members)
  return {
    outputs: sendEach(members, () => ({ _tag: "Accept", acceptance, actionId, proof, signed })),
    state: { ...state, near: certificate, phase: { _tag: "Leading", current: { ...current, accepted } } }
  }
}

const backOff = (state: Recovery): RecoveryStep => {
  const { ballots, inTheWay } = state
  return {
    outputs: [
      ...(inTheWay.length === 0 ? [] : [{ _tag: "InTheWay", by: inTheWay } as const]),
      { _tag: "BackOff", ballots }
    ],
    state: { ...state, phase: { _tag: "BackingOff" } }
  }
}
