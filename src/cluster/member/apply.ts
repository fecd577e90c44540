/** A member is shown a decision to commit. Protocol §3, *Apply*. */
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest, Shard, SignedManifest } from "../../../schemas/Manifest.ts"
import type { Proof } from "../../../schemas/Proof.ts"
import type { CommitRequest, PendRequest } from "../../../schemas/Repo.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import { actionId, isScattered } from "../../encoding/BlockIds.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import { compareBase } from "../../storage/compareBase.ts"
import { entriesOf } from "../../storage/manifestRules.ts"
import { planCommit } from "../../storage/planCommit.ts"
import { keys, puts, removed } from "../../storage/records.ts"
import { isOneRound } from "../ClusterRules.ts"
import { pendsIn } from "../evidence/AcceptanceProof.ts"
import { createdBy } from "../evidence/Creation.ts"
import { exclusionProblem } from "../evidence/Exclusion.ts"
import { shardProofProblem } from "../evidence/RevisionProof.ts"
import { signedProblem } from "../evidence/SignedManifest.ts"
import { shardSizeProblem } from "./acquaint.ts"
import { payloadProblem } from "./examine.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { ownShards, planEnd } from "./settled.ts"
import { votesRemovals } from "./Votes.ts"

/** Stores what was decided, seen before or not, over the locks of whoever was in the way. */
export const apply = (
  context: MemberContext,
  view: MemberView,
  { actionId: action, proof, request }: CommitRequest
): MemberPlan => {
  const record = view.transaction(action)
  if (record?._tag === "Committed") return committed(record.proof)
  const given = record?._tag === "Pending" ? record : request
  if (given === undefined) return onlyAnswer({ _tag: "Unknown" })
  const { signed } = given
  const { manifest } = signed
  const own = ownShards(context, manifest)
  const reason =
    (record?._tag === "Pending"
      ? undefined
      : (signedProblem(context, action, signed) ?? shardSizeProblem(context, manifest))) ??
    own.map(([index, shard]) => proofProblem(context, view, action, manifest, index, shard, proof)).find(isText)
  if (reason !== undefined) return onlyAnswer({ _tag: "Invalid", reason })
  if (own.length === 0) return onlyAnswer({ _tag: "Membership", reason: "no shard names this node as a member" })
  if (record?._tag === "Aborted") return alarm(action, "it is decided to commit, and was shown to end otherwise")
  const shards = own.map(([, shard]) => shard)
  if (isCreatedElsewhere(context, view, action, signed)) {
    return alarm(action, "it is decided to commit, and creates what others created over other members")
  }
  return (
    basesHinder(view, action, shards) ??
    payloadHinders(context, shards, given) ??
    applied(context, view, action, given, keptProof(context, view, action, manifest, own, proof))
  )
}

/** The headers that a transaction creates here, of which the cluster index is to have entries. */
const headersCreated = (context: MemberContext, signed: SignedManifest): ReadonlyArray<BlockId> =>
  context.hasRoster ? [] : createdBy(signed, (members) => members.includes(context.signer.peer))

const isCreatedElsewhere = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  signed: SignedManifest
): boolean =>
  headersCreated(context, signed).some((id) => {
    const entry = view.entry(id)
    return entry !== undefined && actionId(context.hasher, entry.signed.manifest) !== action
  })

const committed = (proof: Proof): MemberPlan => onlyAnswer({ _tag: "Ended", ending: { _tag: "Committed", proof } })

const alarm = (action: ActionId, reason: string): MemberPlan =>
  onlyAnswer({ _tag: "Invalid", reason }, { _tag: "Alarm", action, reason })

const isText = (value: string | undefined): value is string => value !== undefined

/** Why a proof does not prove what a shard writes and reads, in the member set that is certified for each of its blocks. */
const proofProblem = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  manifest: Manifest,
  index: number,
  shard: Shard,
  proof: Proof
): string | undefined => {
  const foreign = certifiedMembers(view, shard).find((members) => !sameMembers(members, shard.members))
  return shardProofProblem(context, action, manifest, index, foreign ?? shard.members, proof)
}

/**
 * The members certified for the blocks of a shard: those stored with them or with their header. New headers name their own, new
 * scattered blocks have theirs in their ids, which is checked with all else about them. §1
 */
const certifiedMembers = (view: MemberView, { reads, writes }: Shard): ReadonlyArray<ReadonlyArray<PeerId>> =>
  [
    ...entriesOf(writes).map(
      ([id, { collection }]) => view.block(id) ?? (isScattered(id, collection) ? undefined : view.block(collection))
    ),
    ...entriesOf(reads).map(([id]) => view.block(id))
  ].flatMap((block) => (block === undefined ? [] : [block.members]))

/** Each written block must be at its base: an older one is fetched first, and another certified revision is never overwritten. */
const basesHinder = (view: MemberView, action: ActionId, own: ReadonlyArray<Shard>): MemberPlan | undefined => {
  const compared = own
    .flatMap(({ writes }) => entriesOf(writes))
    .map(([id, { base }]) => [id, compareBase(view.block(id), base)] as const)
  const clash = compared.find(([, problem]) => problem === "stale" || problem === "diverged")
  if (clash !== undefined) {
    const [block] = clash
    const reason = `block ${block} has another certified revision here`
    return onlyAnswer({ _tag: "Diverged", block }, { _tag: "Alarm", action, reason })
  }
  const blocks = compared.filter(([, problem]) => problem === "behind").map(([id]) => id)
  return blocks.length === 0 ? undefined : onlyAnswer({ _tag: "Behind", blocks }, { _tag: "Fetch", blocks })
}

/** What was decided is sound; what is missing of it can be fetched, as its blocks can at any other time. */
const payloadHinders = (
  context: MemberContext,
  own: ReadonlyArray<Shard>,
  { payload }: PendRequest
): MemberPlan | undefined => {
  const problem = payloadProblem(context, own, payload)
  if (problem === undefined) return undefined
  const blocks = own.flatMap(({ writes }) => entriesOf(writes).map(([id]) => id))
  return onlyAnswer({ _tag: "Behind", blocks }, { _tag: "Fetch", blocks })
}

/**
 * What is stored of a proof: the pend certificates of all shards where this member has accepted on them, else those of its own
 * shards; others were not checked. Decision 24.
 */
const keptProof = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  manifest: Manifest,
  own: ReadonlyArray<readonly [number, Shard]>,
  { decision, pends }: Proof
): Proof => {
  if (isOneRound(context, manifest)) return { decision }
  const accepted = view.votes(action)?.ballots.accepted
  const accepting = accepted === undefined ? [] : pendsIn(accepted, accepted.proof)
  const checked = (pends ?? []).filter(({ shard }) => own.some(([index]) => index === shard))
  const [first, ...others] = accepting.length > 0 ? accepting : checked
  return first === undefined ? { decision } : { decision, pends: [first, ...others] }
}

const applied = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  { payload, signed }: PendRequest,
  proof: Proof
): MemberPlan => {
  const check = { hasher: context.hasher, self: context.signer.peer }
  const request = { payload, signed }
  const { answer, changes, writes } = planCommit(check, view, { actionId: action, proof, request })
  if (answer._tag === "Refused") return alarm(action, `it is decided to commit, but ${answer.reason}`)
  if (answer._tag === "Stale") throw new Error("a base that was the latest is stale")
  const others = release(context, view, action, signed, proof)
  const entered = headersCreated(context, signed).filter((id) => view.entry(id) === undefined)
  return {
    answer: { _tag: "Ended", ending: { _tag: "Committed", proof } },
    changes: [
      { _tag: "Applied", action, signed },
      { _tag: "Stored", changes },
      { _tag: "Settled", action },
      ...entered.map((block) => ({ _tag: "Entered", entry: { block, proof, signed } }) as const),
      ...others.flatMap((plan) => plan.changes)
    ],
    notices: others.flatMap((plan) => plan.notices),
    writes: [
      ...writes,
      ...entered.map((id) => puts.entry(id, { creator: action })),
      ...votesRemovals(action, view.votes(action)),
      ...others.flatMap((plan) => plan.writes)
    ]
  }
}

type Release = Pick<MemberPlan, "changes" | "notices" | "writes">

/** What becomes of the locks of others on the written blocks: who writes one is excluded, who reads one keeps all its other locks. */
const release = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  signed: SignedManifest,
  proof: Proof
): ReadonlyArray<Release> => {
  const ended = new Map<ActionId, Release>()
  const unlocked: Array<Release> = []
  for (const [, shard] of ownShards(context, signed.manifest)) {
    for (const [block] of entriesOf(shard.writes)) {
      for (const { holder, mode } of view.locks(block)) {
        if (holder === action || ended.has(holder)) continue
        if (mode === "read") {
          const change = { _tag: "Unlocked", block, holder } as const
          unlocked.push({ changes: [change], notices: [], writes: [removed(keys.lock(block, holder))] })
          continue
        }
        const end = excluded(context, view, holder, { block, proof, signed })
        if (end !== undefined) ended.set(holder, end)
      }
    }
  }
  return [...unlocked, ...ended.values()]
}

/** The end of a transaction whose place another took; undefined where its manifest names other members for the block. */
const excluded = (
  context: MemberContext,
  view: MemberView,
  holder: ActionId,
  by: CertifiedRevision
): Release | undefined => {
  const record = view.transaction(holder)
  if (record?._tag !== "Pending") return undefined
  const stored = view.block(by.block)?.members
  const problem = exclusionProblem(context, holder, record.signed.manifest, by, stored)
  return problem === undefined ? planEnd(view, holder, record.signed, { _tag: "Excluded", by }) : undefined
}
