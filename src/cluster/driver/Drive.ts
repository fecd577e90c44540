/** What those who drive transactions have in common: what they know, whom they write to, what they hear. */
import type { Ending, FailedEnding, LockInTheWay, MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest, Payload, SignedManifest } from "../../../schemas/Manifest.ts"
import type { Certificate, Proof } from "../../../schemas/Proof.ts"
import type { PendRequest } from "../../../schemas/Repo.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { endingProblem } from "../evidence/Ending.ts"
import { exclusionProblem } from "../evidence/Exclusion.ts"

/** A transaction that is driven, with as much of its payload as is known. */
export interface Driven {
  readonly action: ActionId
  readonly payload: Payload
  readonly signed: SignedManifest
}

/** What reaches a driver: an answer, or that none is to be expected. */
export type Heard =
  | { readonly _tag: "Answer"; readonly from: PeerId; readonly answer: MemberAnswer }
  | { readonly _tag: "Failed"; readonly peer: PeerId }

/** A message to a member. */
export interface Send {
  readonly _tag: "Send"
  readonly to: PeerId
  readonly request: MemberRequest
}

/** The transaction has ended, and this shows how. */
export interface Finished {
  readonly _tag: "Finished"
  readonly ending: Ending
}

/** Locks of others are in the way: those transactions are to be resolved first. */
export interface InTheWay {
  readonly _tag: "InTheWay"
  readonly by: ReadonlyArray<LockInTheWay>
}

/** A message to each of some members: one and the same to all of one group, so that it is written once. */
export const sendEach = (
  peers: Iterable<PeerId>,
  requestFor: (peer: PeerId) => MemberRequest,
  groupOf: (peer: PeerId) => string = (peer) => peer
): ReadonlyArray<Send> => {
  const requests = new Map<string, MemberRequest>()
  return [...peers].map((to) => {
    const group = groupOf(to)
    const request = requests.get(group) ?? requestFor(to)
    requests.set(group, request)
    return { _tag: "Send", request, to }
  })
}

/** One for all members that need the same of a transaction's payload. */
export const shardsOf = ({ signed }: Driven, peer: PeerId): string =>
  signed.manifest.shards.map(({ members }) => (members.includes(peer) ? "1" : "0")).join("")

/** All members of all shards, each once. */
export const allMembers = ({ shards }: Manifest): ReadonlySet<PeerId> =>
  new Set(shards.flatMap(({ members }) => members))

/** What a member needs of a transaction: its manifest, and the transforms of the shards that it is in. */
export const requestFor = ({ payload, signed }: Driven, peer: PeerId): PendRequest => {
  const own = signed.manifest.shards.filter(({ members }) => members.includes(peer))
  const ids = own.flatMap(({ writes }) => Object.keys(writes) as Array<BlockId>)
  const entries = ids.flatMap((id) => (Object.hasOwn(payload, id) ? [[id, payload[id]!] as const] : []))
  return { payload: entries.length === Object.keys(payload).length ? payload : Object.fromEntries(entries), signed }
}

/** The end that an answer shows, if it does and is to be believed. */
export const shownEnd = (rules: ClusterRules, { action, signed }: Driven, answer: MemberAnswer): Ending | undefined => {
  const { manifest } = signed
  if (answer._tag === "Ended") {
    return endingProblem(rules, action, manifest, answer.ending) === undefined ? answer.ending : undefined
  }
  if (answer._tag !== "Superseded") return undefined
  const by = answer.newer.find((revision) => exclusionProblem(rules, action, manifest, revision) === undefined)
  return by === undefined ? undefined : { _tag: "Excluded", by }
}

/** The proof of a commit: with the pend certificates of all shards, where the decision alone does not do. */
export const proofOf = (
  rules: ClusterRules,
  { signed }: Driven,
  decision: Certificate,
  pends: ReadonlyArray<Certificate>
): Proof => {
  const [first, ...others] = pends
  return first === undefined || isOneRound(rules, signed.manifest)
    ? { decision }
    : { decision, pends: [first, ...others] }
}

/** Tells members of the end. Those that know the manifest and the payload are not sent them again. */
export const tell = (driven: Driven, peer: PeerId, ending: Ending, isAcquainted: boolean): MemberRequest => {
  const { action, signed } = driven
  if (ending._tag === "Committed") {
    const request = isAcquainted ? {} : { request: requestFor(driven, peer) }
    return { _tag: "Apply", actionId: action, proof: ending.proof, ...request }
  }
  return tellFailed(action, ending, isAcquainted ? undefined : signed)
}

const tellFailed = (actionId: ActionId, ending: FailedEnding, signed: SignedManifest | undefined): MemberRequest => ({
  _tag: "End",
  actionId,
  ending,
  ...(signed !== undefined && { signed })
})
