/**
 * Finishes a transaction whose driver is gone, or gave up: asks for a known end, then leads a ballot. Anybody may; two at once
 * only cost time. Protocol §4, *Recovery*.
 */
import type { Ending, LockInTheWay } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import { type BallotOrZero, higherBallot, isSameBallot } from "../Ballot.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { acceptanceProblem } from "../evidence/AcceptanceProof.ts"
import { payloadMismatch } from "../evidence/PayloadMismatch.ts"
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
  shownEnd,
  tell
} from "./Drive.ts"
import { countAnswer, gatheredPends, learnPends, type PendGathering, startGathering } from "./PendGathering.ts"
import { countStatement, giveUpOn, mayDecide, proposed, type RecoveryBallot, startBallot } from "./RecoveryBallot.ts"
import { certificateOf, sign, startTally } from "./Tally.ts"

/** What happens to a recoverer. `order`: the members of the primary shard as the caller drew them, anew for each ballot. */
export type RecovererEvent =
  | { readonly _tag: "Begin" }
  | { readonly _tag: "BackOffElapsed"; readonly order: ReadonlyArray<PeerId> }
  | Heard

/** What a recoverer does. */
export type RecovererOutput =
  | Send
  | Finished
  | InTheWay
  /** This ballot came to nothing. `BackOffElapsed`, after a random time, begins a higher one. */
  | { readonly _tag: "BackOff"; readonly ballots: number }

type Committed = Extract<Ending, { _tag: "Committed" }>

/** Where a recovery is. */
type Phase =
  | { readonly _tag: "Asking"; readonly answered: ReadonlySet<PeerId> }
  | { readonly _tag: "Leading"; readonly current: RecoveryBallot }
  | { readonly _tag: "BackingOff" }
  /** The decision is commit; to tell all shards of it takes their pend certificates, too. */
  | { readonly _tag: "Gathering"; readonly ending: Committed; readonly pends: PendGathering }
  | { readonly _tag: "Finished"; readonly ending: Ending }

/** A recovery on its way. */
export interface Recoverer {
  readonly driven: Driven
  /** Who leads the ballots. */
  readonly self: PeerId
  readonly phase: Phase
  readonly order: ReadonlyArray<PeerId>
  /** The highest ballot that anybody told of. */
  readonly highest: BallotOrZero
  /** A prepare certificate that was seen: who lags behind joins a ballot near that one. */
  readonly near: Certificate | undefined
  /** Who declined to prepare: their statements are wanted first in the next ballot. */
  readonly declined: ReadonlySet<PeerId>
  readonly inTheWay: ReadonlyArray<LockInTheWay>
  readonly ballots: number
}

/** A recovery that has not begun. `above`: a ballot that is known to be joined. */
export const startRecoverer = (driven: Driven, self: PeerId, above: BallotOrZero = null): Recoverer => ({
  ballots: 0,
  declined: new Set(),
  driven,
  highest: above,
  inTheWay: [],
  near: undefined,
  order: driven.signed.manifest.shards[0].members,
  phase: { _tag: "Asking", answered: new Set() },
  self
})

/** A recoverer after an event, and what it does. */
export interface RecovererStep {
  readonly state: Recoverer
  readonly outputs: ReadonlyArray<RecovererOutput>
}

/** Takes one step. */
export const step = (rules: ClusterRules, state: Recoverer, event: RecovererEvent): RecovererStep => {
  const { driven, phase } = state
  switch (event._tag) {
    case "Begin":
      return { outputs: askAll(rules, driven), state }
    case "BackOffElapsed":
      return phase._tag === "BackingOff" ? lead({ ...state, order: drawn(state, event.order) }) : idle(state)
    case "Failed":
      return silent(rules, state, event.peer)
    case "Answer":
      return heard(rules, state, event)
  }
}

type Answered = Extract<Heard, { _tag: "Answer" }>

const idle = (state: Recoverer): RecovererStep => ({ outputs: [], state })

/** Those who declined first, so far as they fit, then all others as they were drawn. */
const drawn = ({ declined }: Recoverer, order: ReadonlyArray<PeerId>): ReadonlyArray<PeerId> => [
  ...order.filter((peer) => declined.has(peer)),
  ...order.filter((peer) => !declined.has(peer))
]

const askAll = (rules: ClusterRules, { action, payload, signed }: Driven): ReadonlyArray<Send> => {
  const { shards } = signed.manifest
  // Where approvals decide, who has none must be sent the payload to take the lock.
  const wantsPayload =
    isOneRound(rules, signed.manifest) && payloadMismatch(rules.hasher, [shards[0]], payload) !== undefined
  return sendEach(allMembers(signed.manifest), () => ({ _tag: "Ask", actionId: action, wantsPayload }))
}

/** What an answer makes of a recovery, whatever phase it is in. */
const heard = (rules: ClusterRules, before: Recoverer, event: Answered): RecovererStep => {
  const { answer, from } = event
  if (before.phase._tag === "Finished") {
    const { ending } = before.phase
    const isUnknown = answer._tag === "Unknown"
    return { outputs: isUnknown ? sendEach([from], () => tell(before.driven, from, ending, false)) : [], state: before }
  }
  const ending = shownEnd(rules, before.driven, answer)
  if (ending !== undefined && before.phase._tag !== "Gathering") return conclude(rules, before, ending)
  const state = learn(rules, before, event)
  switch (state.phase._tag) {
    case "Asking":
      return asked(state, state.phase.answered, from)
    case "Leading":
      return led(rules, state, state.phase.current, event)
    case "Gathering":
      return gathered(rules, state, state.phase, event)
    default:
      return idle(state)
  }
}

/** What is remembered of any answer: ballots, the payload, a certificate of a ballot that was reached. */
const learn = (rules: ClusterRules, state: Recoverer, { answer }: Answered): Recoverer => {
  const { driven, highest } = state
  switch (answer._tag) {
    case "Outranked":
      return { ...state, highest: higherBallot(highest, answer.joined) }
    case "Open": {
      const { payload } = answer
      const { shards } = driven.signed.manifest
      const isNew = payload !== undefined && payloadMismatch(rules.hasher, [shards[0]], payload) === undefined
      const seen = higherBallot(highest, higherBallot(answer.joined, answer.acceptance?.ballot ?? null))
      return { ...state, highest: seen, ...(isNew && { driven: { ...driven, payload } }) }
    }
    case "Accepted": {
      const { acceptance, proof } = answer
      const { action, signed } = driven
      const isShown = acceptanceProblem(rules, action, signed.manifest, acceptance, proof) === undefined
      return isShown && acceptance.ballot !== null
        ? { ...state, highest: higherBallot(highest, acceptance.ballot), near: proof[0] }
        : state
    }
    default:
      return state
  }
}

/** Q members of the primary shard know of no end: a ballot begins. */
const asked = (state: Recoverer, before: ReadonlySet<PeerId>, from: PeerId): RecovererStep => {
  const { driven } = state
  const answered = new Set(before).add(from)
  const isComplete = [...allMembers(driven.signed.manifest)].every((peer) => answered.has(peer))
  // All are waited for: a known end, or the payload, is worth more than a ballot.
  return isComplete ? lead(state) : idle({ ...state, phase: { _tag: "Asking", answered } })
}

/** Begins a ballot above all that were told of. */
const lead = (state: Recoverer): RecovererStep => {
  const { driven, highest, near, self } = state
  const { signed } = driven
  const ballot = { n: (highest?.n ?? 0) + 1, peer: self }
  const outputs = sendEach(signed.manifest.shards[0].members, () => ({
    _tag: "Join",
    ballot,
    signed,
    ...(near !== undefined && { near })
  }))
  const phase = { _tag: "Leading", current: startBallot(ballot) } as const
  return { outputs, state: { ...state, ballots: state.ballots + 1, highest: ballot, inTheWay: [], phase } }
}

const silent = (rules: ClusterRules, state: Recoverer, peer: PeerId): RecovererStep => {
  switch (state.phase._tag) {
    case "Asking":
      return asked(state, state.phase.answered, peer)
    case "Leading":
      return advance(rules, state, giveUpOn(state.phase.current, peer))
    default:
      return idle(state)
  }
}

/** What an answer makes of the ballot that is led. */
const led = (
  rules: ClusterRules,
  state: Recoverer,
  current: RecoveryBallot,
  { answer, from }: Answered
): RecovererStep => {
  const { action, signed } = state.driven
  switch (answer._tag) {
    case "Joined":
      if (!isSameBallot(answer.ballot, current.ballot)) return idle(state)
      return advance(rules, state, countStatement(rules, action, signed.manifest, current, from, answer.statement))
    case "Prepared": {
      const { proposal } = current
      if (proposal === undefined || !isSameBallot(answer.ballot, current.ballot)) return idle(state)
      const prepared = sign(rules, action, proposal.prepared, from, answer.signed)
      return advance(rules, state, { ...current, proposal: { ...proposal, prepared } })
    }
    case "Accepted": {
      const { second } = current
      if (second === undefined || !isSameBallot(answer.acceptance.ballot, current.ballot)) {
        return advance(rules, state, giveUpOn(current, from))
      }
      const accepted = sign(rules, action, second.accepted, from, answer.signed)
      return advance(rules, state, { ...current, second: { ...second, accepted } })
    }
    case "InTheWay": {
      const declined = new Set(state.declined).add(from)
      return advance(
        rules,
        { ...state, declined, inTheWay: [...state.inTheWay, ...answer.by] },
        giveUpOn(current, from)
      )
    }
    default: {
      const declined = current.proposal === undefined ? state.declined : new Set(state.declined).add(from)
      return advance(rules, { ...state, declined }, giveUpOn(current, from))
    }
  }
}

/** Goes as far as what was counted allows: proposes, asks to accept, decides, or gives the ballot up. */
const advance = (rules: ClusterRules, state: Recoverer, before: RecoveryBallot): RecovererStep => {
  const { driven } = state
  const { action, signed } = driven
  const { members } = signed.manifest.shards[0]
  const { quorum } = quorumsOf(members.length, rules.faultModel)
  const current = proposed(rules, action, signed.manifest, before, state.order, state.declined)
  const next: Recoverer = { ...state, phase: { _tag: "Leading", current } }
  const { ballot, proposal, second } = current
  const decision = second && certificateOf(second.accepted, quorum)
  if (decision !== undefined) {
    return decision.value === "abort"
      ? conclude(rules, next, { _tag: "Aborted", decision })
      : conclude(rules, next, { _tag: "Committed", proof: { decision } })
  }
  if (!mayDecide(rules, signed.manifest, current)) return backOff(next)
  if (proposal !== undefined && before.proposal === undefined) {
    const { from, statements, value } = proposal
    const outputs = sendEach(members, (peer) => ({
      _tag: "Propose",
      ballot,
      signed,
      statements,
      value,
      ...(from === "approvals" && { payload: requestFor(driven, peer).payload })
    }))
    return { outputs, state: next }
  }
  const certificate = proposal && certificateOf(proposal.prepared, quorum)
  if (proposal === undefined || certificate === undefined || second !== undefined) return idle(next)
  const acceptance = { ballot, value: proposal.value }
  const accepted = startTally({ ...acceptance, kind: "accepted", shard: 0 }, members)
  const proof = [certificate] as const
  const outputs = sendEach(members, () => ({ _tag: "Accept", acceptance, actionId: action, proof, signed }))
  const phase = { _tag: "Leading", current: { ...current, second: { accepted, proof } } } as const
  return { outputs, state: { ...next, near: certificate, phase } }
}

const backOff = (state: Recoverer): RecovererStep => {
  const { ballots, inTheWay } = state
  return {
    outputs: [
      ...(inTheWay.length === 0 ? [] : [{ _tag: "InTheWay", by: inTheWay } as const]),
      { _tag: "BackOff", ballots }
    ],
    state: { ...state, phase: { _tag: "BackingOff" } }
  }
}

/** Knows the end. To tell of a commit where the decision alone proves nothing, votes that were given are asked for again. */
const conclude = (rules: ClusterRules, state: Recoverer, ending: Ending): RecovererStep => {
  const { driven } = state
  const { manifest } = driven.signed
  const finished: Finished = { _tag: "Finished", ending }
  if (ending._tag !== "Committed" || isOneRound(rules, manifest)) {
    const told = tellAll(state, ending)
    return { ...told, outputs: [finished, ...told.outputs] }
  }
  const pends = learnPends(rules, driven, startGathering(manifest), ending.proof)
  const outputs = sendEach(allMembers(manifest), (peer) => ({ _tag: "Pend", ...requestFor(driven, peer) }))
  return { outputs: [finished, ...outputs], state: { ...state, phase: { _tag: "Gathering", ending, pends } } }
}

const gathered = (
  rules: ClusterRules,
  state: Recoverer,
  { ending, pends: before }: Extract<Phase, { _tag: "Gathering" }>,
  event: Answered
): RecovererStep => {
  const { driven } = state
  const pends = countAnswer(rules, driven, before, event)
  const certificates = gatheredPends(rules, driven, pends)
  return certificates === undefined
    ? idle({ ...state, phase: { _tag: "Gathering", ending, pends } })
    : tellAll(state, { _tag: "Committed", proof: proofOf(rules, driven, ending.proof.decision, certificates) })
}

const tellAll = (state: Recoverer, ending: Ending): RecovererStep => {
  const { driven } = state
  const outputs = sendEach(allMembers(driven.signed.manifest), (peer) =>
    // Who has not voted asks for the rest.
    tell(driven, peer, ending, ending._tag === "Committed")
  )
  return { outputs, state: { ...state, phase: { _tag: "Finished", ending } } }
}
