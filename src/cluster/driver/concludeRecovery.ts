/** Ends a recovery: tells all members of all shards how the transaction ended. Protocol §3, *Apply*; §4, *Recovery*. */
import type { Ending } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { allMembers, type Finished, proofOf, requestFor, sendEach, tell } from "./Drive.ts"
import { gatheredPends } from "./PendGathering.ts"
import { type Committed, idle, type Recovery, type RecoveryPhase, type RecoveryStep } from "./Recovery.ts"

/** Whether the proof of a commit can be shown to all shards. */
const isProvable = (rules: ClusterRules, { driven, pends }: Recovery): boolean =>
  isOneRound(rules, driven.signed.manifest) ||
  gatheredPends(rules, driven, pends).length === driven.signed.manifest.shards.length

/** Knows the end. Where pend certificates are lacking to tell all shards of a commit, votes that were given are asked for again. */
export const conclude = (rules: ClusterRules, state: Recovery, ending: Ending): RecoveryStep => {
  const { driven } = state
  const finished: Finished = { _tag: "Finished", ending }
  if (ending._tag !== "Committed" || isProvable(rules, state)) {
    const told = ending._tag === "Committed" ? tellCommitted(rules, state, ending) : tellAll(state, ending)
    return { ...told, outputs: [finished, ...told.outputs] }
  }
  const peers = allMembers(driven.signed.manifest)
  const outputs = sendEach(peers, (peer) => ({ _tag: "Pend", ...requestFor(driven, peer) }))
  const phase = { _tag: "Gathering", answered: new Set<PeerId>(), ending } as const
  return { outputs: [finished, ...outputs], state: { ...state, phase } }
}

/** Tells all once there is a certificate of each shard, or nobody is left to add to them: some shards are better than none. */
export const gathered = (
  rules: ClusterRules,
  state: Recovery,
  { answered, ending }: Extract<RecoveryPhase, { _tag: "Gathering" }>,
  from: PeerId
): RecoveryStep => {
  const now = new Set(answered).add(from)
  const isComplete = [...allMembers(state.driven.signed.manifest)].every((peer) => now.has(peer))
  return isComplete || isProvable(rules, state)
    ? tellCommitted(rules, state, ending)
    : idle({ ...state, phase: { _tag: "Gathering", answered: now, ending } })
}

/** Tells all again, where an answer to the end had the certificate of a shard that was still lacking. */
export const toldMore = (rules: ClusterRules, state: Recovery, ending: Ending): RecoveryStep => {
  if (ending._tag !== "Committed") return idle(state)
  const known = withPends(rules, state, ending).proof.pends?.length
  return known === ending.proof.pends?.length ? idle(state) : tellCommitted(rules, state, ending)
}

const tellCommitted = (rules: ClusterRules, state: Recovery, ending: Committed): RecoveryStep =>
  tellAll(state, withPends(rules, state, ending))

const withPends = (rules: ClusterRules, { driven, pends }: Recovery, { proof }: Committed): Committed => ({
  _tag: "Committed",
  proof: proofOf(rules, driven, proof.decision, gatheredPends(rules, driven, pends))
})

const tellAll = (state: Recovery, ending: Ending): RecoveryStep => {
  const { driven } = state
  const outputs = sendEach(allMembers(driven.signed.manifest), (peer) =>
    // Who has not voted asks for the rest.
    tell(driven, peer, ending, ending._tag === "Committed")
  )
  return { outputs, state: { ...state, phase: { _tag: "Finished", ending } } }
}
