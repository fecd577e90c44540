/**
 * Drives a transaction over all its shards: votes, then the decision where approvals are not one, then the word to all. It has
 * no authority: whatever it claims is proved by signatures. Protocol §2, §3.
 */
import type { Ending, LockInTheWay, ShardVote } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Certificate, Proof } from "../../../schemas/Proof.ts"
import type { BallotOrZero } from "../Ballot.ts"
import { higherBallot } from "../Ballot.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { quorumsOf } from "../Quorum.ts"
import {
  allMembers,
  type Driven,
  type Finished,
  type Heard,
  type InTheWay,
  proofOf,
  requestFor,
  type Send,
  sendEach,
  shardsOf,
  shownEnd,
  tell
} from "./Drive.ts"
import { gatheredPends, learnPends } from "./PendGathering.ts"
import { countVote, noVote, type ShardCoordinator, standing, startShard } from "./ShardCoordinator.ts"
import { certificateOf, giveUp, mayReach, sign, startTally, type Tally } from "./Tally.ts"

/** What happens to a driver. */
export type DriverEvent = { readonly _tag: "Begin" } | { readonly _tag: "HedgeElapsed" } | Heard

/** What a driver does. */
export type DriverOutput =
  | Send
  | Finished
  | InTheWay
  /** There are Q approvals: if Qf do not come soon, a second round is worth its cost. `HedgeElapsed` says so. */
  | { readonly _tag: "Hedge" }
  /** Nothing can come of it this way: the transaction is to be recovered, above this ballot. */
  | { readonly _tag: "Recover"; readonly above: BallotOrZero }
  /** All members of all shards know the end. */
  | { readonly _tag: "Acknowledged" }

/** A transaction on its way. */
export interface TransactionDriver {
  readonly driven: Driven
  readonly shards: ReadonlyArray<ShardCoordinator>
  /** The second round, once it has begun. */
  readonly acceptances: Tally | undefined
  readonly isHedged: boolean
  readonly isGivenUp: boolean
  readonly ending: Ending | undefined
  readonly acknowledged: ReadonlySet<PeerId>
  readonly inTheWay: ReadonlyArray<LockInTheWay>
  readonly outranked: BallotOrZero
}

/** A driver that has done nothing yet. */
export const startDriver = (driven: Driven): TransactionDriver => ({
  acceptances: undefined,
  acknowledged: new Set(),
  driven,
  ending: undefined,
  inTheWay: [],
  isGivenUp: false,
  isHedged: false,
  outranked: null,
  shards: driven.signed.manifest.shards.map((_shard, index) => startShard(driven.signed.manifest, index))
})

/** A driver after an event, and what it does. */
export interface DriverStep {
  readonly state: TransactionDriver
  readonly outputs: ReadonlyArray<DriverOutput>
}

/** Takes one step. */
export const step = (rules: ClusterRules, state: TransactionDriver, event: DriverEvent): DriverStep => {
  const { driven } = state
  switch (event._tag) {
    case "Begin": {
      const peers = allMembers(driven.signed.manifest)
      const pendFor = (peer: PeerId) => ({ _tag: "Pend", ...requestFor(driven, peer) }) as const
      return { outputs: sendEach(peers, pendFor, (peer) => shardsOf(driven, peer)), state }
    }
    case "HedgeElapsed":
      return state.ending === undefined && state.acceptances === undefined ? secondRound(rules, state) : idle(state)
    case "Failed":
      return state.ending === undefined ? proceed(rules, without(state, event.peer)) : idle(state)
    case "Answer":
      return state.ending === undefined ? heard(rules, state, event) : told(rules, state, event)
  }
}

type Answered = Extract<Heard, { _tag: "Answer" }>

const idle = (state: TransactionDriver): DriverStep => ({ outputs: [], state })

const without = (state: TransactionDriver, peer: PeerId): TransactionDriver => ({
  ...state,
  acceptances: state.acceptances && giveUp(state.acceptances, peer),
  shards: state.shards.map((shard) => noVote(shard, peer))
})

/** What an answer before the end makes of a transaction. */
const heard = (rules: ClusterRules, state: TransactionDriver, { answer, from }: Answered): DriverStep => {
  const { driven } = state
  const ending = shownEnd(rules, driven, answer)
  if (ending !== undefined) return finish(rules, state, ending)
  switch (answer._tag) {
    case "Approved":
      return proceed(rules, counted(rules, state, from, "approve", answer.votes))
    case "Declined":
      return proceed(rules, counted(rules, state, from, "refuse", answer.votes))
    case "Accepted": {
      // One of a later ballot is somebody's who recovers.
      if (answer.acceptance.ballot !== null) return proceed(rules, outranked(state, from, answer.acceptance.ballot))
      // Before it was asked to accept, it was asked to vote, and has not.
      if (state.acceptances === undefined) return proceed(rules, without(state, from))
      const acceptances = sign(rules, driven.action, state.acceptances, from, answer.signed)
      return proceed(rules, { ...state, acceptances })
    }
    case "Outranked":
      return proceed(rules, outranked(state, from, answer.joined))
    case "InTheWay":
      return proceed(rules, without({ ...state, inTheWay: [...state.inTheWay, ...answer.by] }, from))
    default:
      return proceed(rules, without(state, from))
  }
}

const counted = (
  rules: ClusterRules,
  state: TransactionDriver,
  from: PeerId,
  kind: "approve" | "refuse",
  votes: ReadonlyArray<ShardVote>
): TransactionDriver => ({
  ...state,
  shards: state.shards.map((shard) => countVote(rules, state.driven.action, shard, from, kind, votes))
})

const outranked = (state: TransactionDriver, from: PeerId, joined: BallotOrZero): TransactionDriver => ({
  ...without(state, from),
  outranked: higherBallot(state.outranked, joined)
})

/** Goes as far as what was counted allows. */
const proceed = (rules: ClusterRules, state: TransactionDriver): DriverStep => {
  const { driven, shards } = state
  const { manifest } = driven.signed
  const { fastQuorum, quorum } = quorumsOf(manifest.shards[0].members.length, rules.faultModel)
  const approvals = shards[0]!.approvals
  const fast = isOneRound(rules, manifest) ? certificateOf(approvals, fastQuorum) : undefined
  if (fast !== undefined) return finish(rules, state, { _tag: "Committed", proof: { decision: fast } })
  const decision = state.acceptances && certificateOf(state.acceptances, quorum)
  if (decision !== undefined) return finish(rules, state, { _tag: "Committed", proof: { decision } })
  const standings = shards.map((shard) => standing(rules, manifest, shard))
  const rejected = standings.find((shard) => shard._tag === "Rejected")
  if (rejected !== undefined) return finish(rules, state, rejected)
  // Votes that are still to come may yet refuse it, which is an end by itself.
  const mayBeRejected = standings.some(({ _tag }) => _tag === "Waiting")
  if (standings.some(({ _tag }) => _tag === "Split")) return mayBeRejected ? idle(state) : recover(state)
  const mayBeFast = isOneRound(rules, manifest) && mayReach(approvals, fastQuorum)
  if (state.acceptances !== undefined) {
    return mayReach(state.acceptances, quorum) || mayBeFast ? idle(state) : recover(state)
  }
  if (pendsOf(rules, state) === undefined) return idle(state)
  if (!mayBeFast) return secondRound(rules, state)
  return state.isHedged ? idle(state) : { outputs: [{ _tag: "Hedge" }], state: { ...state, isHedged: true } }
}

/** The pend certificates of all shards, once all are there. */
const pendsOf = (
  rules: ClusterRules,
  { driven, shards }: TransactionDriver
): readonly [Certificate, ...Array<Certificate>] | undefined => {
  const pends = shards.map((shard) => standing(rules, driven.signed.manifest, shard))
  const [first, ...others] = pends.flatMap((shard) => (shard._tag === "Pended" ? [shard.pend] : []))
  return first === undefined || others.length + 1 < shards.length ? undefined : [first, ...others]
}

/** Asks the primary shard to accept commit in ballot 0. Who has voted knows the manifest. §3 */
const secondRound = (rules: ClusterRules, state: TransactionDriver): DriverStep => {
  const proof = pendsOf(rules, state)
  if (proof === undefined) return idle(state)
  const { action, signed } = state.driven
  const { members } = signed.manifest.shards[0]
  const acceptance = { ballot: null, value: "commit" } as const
  const outputs = sendEach(
    members,
    (peer) => ({ _tag: "Accept", acceptance, actionId: action, proof, ...(!hasVoted(state, peer) && { signed }) }),
    (peer) => (hasVoted(state, peer) ? "acquainted" : "")
  )
  return {
    outputs,
    state: { ...state, acceptances: startTally({ ...acceptance, kind: "accepted", shard: 0 }, members) }
  }
}

const hasVoted = ({ shards }: TransactionDriver, peer: PeerId): boolean =>
  shards.some(({ approvals, refusals }) => approvals.signatures.has(peer) || refusals.signatures.has(peer))

const hasApproved = ({ shards }: TransactionDriver, peer: PeerId): boolean =>
  shards.some(({ approvals }) => approvals.signatures.has(peer))

const recover = (state: TransactionDriver): DriverStep => {
  const { inTheWay, isGivenUp, outranked } = state
  if (isGivenUp) return idle(state)
  return {
    outputs: [
      ...(inTheWay.length === 0 ? [] : [{ _tag: "InTheWay", by: inTheWay } as const]),
      { _tag: "Recover", above: outranked }
    ],
    state: { ...state, isGivenUp: true }
  }
}

const finish = (rules: ClusterRules, state: TransactionDriver, shown: Ending): DriverStep => {
  const { driven } = state
  const ending = shown._tag === "Committed" ? { ...shown, proof: completed(rules, state, shown.proof) } : shown
  const messages = tellEach(state, allMembers(driven.signed.manifest), ending)
  return { outputs: [{ _tag: "Finished", ending }, ...messages], state: { ...state, ending } }
}

const tellEach = (state: TransactionDriver, peers: Iterable<PeerId>, ending: Ending): ReadonlyArray<Send> =>
  sendEach(
    peers,
    (peer) => tell(state.driven, peer, ending, hasApproved(state, peer)),
    (peer) => (hasApproved(state, peer) ? "acquainted" : shardsOf(state.driven, peer))
  )

/** A proof that somebody showed, with the pend certificates of the votes that were counted here: he keeps those of his own shards. */
const completed = (rules: ClusterRules, { driven, shards }: TransactionDriver, proof: Proof): Proof => {
  const gathering = learnPends(rules, driven, { shards, shown: new Map() }, proof.pends ?? [])
  return proofOf(rules, driven, proof.decision, gatheredPends(rules, driven, gathering))
}

/** After the end: who asks for the manifest is sent it, who knows the end is counted. */
const told = (rules: ClusterRules, state: TransactionDriver, { answer, from }: Answered): DriverStep => {
  const { acknowledged, driven, ending } = state
  if (answer._tag === "Unknown") return { outputs: sendEach([from], () => tell(driven, from, ending!, false)), state }
  if (answer._tag === "Approved") return lateVote(rules, counted(rules, state, from, "approve", answer.votes))
  const members = allMembers(driven.signed.manifest)
  if (answer._tag !== "Ended" || acknowledged.has(from) || !members.has(from)) return idle(state)
  const all = new Set(acknowledged).add(from)
  const isComplete = all.size === members.size
  return { outputs: isComplete ? [{ _tag: "Acknowledged" }] : [], state: { ...state, acknowledged: all } }
}

/** A vote after the end may complete the pend certificate of a shard that could not be shown the end before. */
const lateVote = (rules: ClusterRules, state: TransactionDriver): DriverStep => {
  const { acknowledged, driven, ending } = state
  if (ending?._tag !== "Committed") return idle(state)
  const proof = completed(rules, state, ending.proof)
  if (proof.pends?.length === ending.proof.pends?.length) return idle(state)
  const peers = [...allMembers(driven.signed.manifest)].filter((peer) => !acknowledged.has(peer))
  const now = { ...ending, proof }
  return { outputs: tellEach(state, peers, now), state: { ...state, ending: now } }
}
