/**
 * Finishes a transaction whose driver is gone, or gave up: asks for a known end, then leads a ballot. Anybody may; two at once
 * only cost time. Protocol §4, *Recovery*.
 */
import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import { type BallotOrZero, compareBallots, higherBallot } from "../Ballot.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { acceptanceProblem } from "../evidence/AcceptanceProof.ts"
import { payloadMismatch } from "../evidence/PayloadMismatch.ts"
import { conclude, gathered, toldMore } from "./concludeRecovery.ts"
import { allMembers, type Driven, type Heard, type Send, sendEach, shownEnd, tell } from "./Drive.ts"
import { advance, declinedBy, lead } from "./leadBallot.ts"
import { learnFrom, startGathering } from "./PendGathering.ts"
import { type Answered, idle, type Recovery, type RecoveryStep } from "./Recovery.ts"
import { giveUpOn, heardIn } from "./RecoveryBallot.ts"

/** What happens to a recoverer. `order`: the members of the primary shard as the caller drew them, anew for each ballot. */
export type RecovererEvent =
  | { readonly _tag: "Begin" }
  | { readonly _tag: "BackOffElapsed"; readonly order: ReadonlyArray<PeerId> }
  | Heard

/** A recovery that has not begun. `above`: a ballot that is known to be joined. */
export const startRecoverer = (driven: Driven, self: PeerId, above: BallotOrZero = null): Recovery => ({
  ballots: 0,
  declined: new Set(),
  driven,
  highest: above,
  inTheWay: [],
  led: null,
  near: undefined,
  order: driven.signed.manifest.shards[0].members,
  pends: startGathering(driven.signed.manifest),
  phase: { _tag: "Asking", answered: new Set() },
  self
})

/** Takes one step. */
export const step = (rules: ClusterRules, state: Recovery, event: RecovererEvent): RecoveryStep => {
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

/** Those who declined first, so far as they fit, then all others as they were drawn. */
const drawn = ({ declined }: Recovery, order: ReadonlyArray<PeerId>): ReadonlyArray<PeerId> => [
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
const heard = (rules: ClusterRules, before: Recovery, event: Answered): RecoveryStep => {
  const { answer, from } = event
  const state = learn(rules, before, event)
  if (before.phase._tag === "Finished") {
    const { ending } = before.phase
    return answer._tag === "Unknown"
      ? { outputs: sendEach([from], () => tell(before.driven, from, ending, false)), state }
      : toldMore(rules, state, ending)
  }
  const ending = shownEnd(rules, before.driven, answer)
  if (ending !== undefined && before.phase._tag !== "Gathering") return conclude(rules, state, ending)
  switch (state.phase._tag) {
    case "Asking":
      return asked(state, state.phase.answered, from)
    case "Leading": {
      const { current } = state.phase
      return advance(rules, declinedBy(state, current, event), heardIn(rules, state.driven, current, event))
    }
    case "Gathering":
      return EARLIER.has(answer._tag) ? idle(state) : gathered(rules, state, state.phase, from)
    default:
      return idle(state)
  }
}

/** Answers to what was asked before votes were asked for again. */
const EARLIER: ReadonlySet<MemberAnswer["_tag"]> = new Set(["Open", "Joined", "Prepared", "Accepted", "Outranked"])

/** What is remembered of any answer: ballots, the payload, certificates. */
const learn = (rules: ClusterRules, before: Recovery, event: Answered): Recovery => {
  const { answer } = event
  const { driven, highest } = before
  const state = { ...before, pends: learnFrom(rules, driven, before.pends, event) }
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
      const isHigher = compareBallots(acceptance.ballot, state.near?.ballot ?? null) > 0
      return isHigher && acceptanceProblem(rules, action, signed.manifest, acceptance, proof) === undefined
        ? { ...state, highest: higherBallot(highest, acceptance.ballot), near: proof[0] }
        : state
    }
    default:
      return state
  }
}

/** Once nobody who may answer knows of an end, a ballot begins. */
const asked = (state: Recovery, before: ReadonlySet<PeerId>, from: PeerId): RecoveryStep => {
  const { driven } = state
  const answered = new Set(before).add(from)
  const isComplete = [...allMembers(driven.signed.manifest)].every((peer) => answered.has(peer))
  // All are waited for: a known end, or the payload, is worth more than a ballot.
  return isComplete ? lead(state) : idle({ ...state, phase: { _tag: "Asking", answered } })
}

const silent = (rules: ClusterRules, state: Recovery, peer: PeerId): RecoveryStep => {
  switch (state.phase._tag) {
    case "Asking":
      return asked(state, state.phase.answered, peer)
    case "Leading":
      return advance(rules, state, giveUpOn(state.phase.current, peer))
    case "Gathering":
      return gathered(rules, state, state.phase, peer)
    default:
      return idle(state)
  }
}
