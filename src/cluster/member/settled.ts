/** Transactions about which a member signs nothing any more. Protocol §3, *Ended*; §4, *Forgetting*. */
import type { Ending, FailedEnding, MemberAnswer } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId } from "../../../schemas/Ids.ts"
import type { Base, Manifest, Shard, SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { entriesOf, isCollectionId } from "../../storage/manifestRules.ts"
import { planCancel } from "../../storage/planCancel.ts"
import { createdBy } from "../evidence/Creation.ts"
import { baseRev, exclusionProblem } from "../evidence/Exclusion.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { votesRemovals } from "./Votes.ts"

/** The shards that a member is in, with their places in the manifest. */
export const ownShards = (
  { signer }: Pick<MemberContext, "signer">,
  { shards }: Manifest
): ReadonlyArray<readonly [index: number, shard: Shard]> =>
  [...shards.entries()].filter(([, { members }]) => members.includes(signer.peer))

/** How a transaction is known to have ended. */
export const knownEnd = (view: MemberView, action: ActionId): MemberAnswer | undefined => {
  const record = view.transaction(action)
  if (record?._tag === "Committed") return ended({ _tag: "Committed", proof: record.proof })
  return record?._tag === "Aborted" && record.shown !== undefined
    ? ended(record.shown.ending, record.shown.signed)
    : undefined
}

const ended = (ending: Ending, signed?: SignedManifest): MemberAnswer => ({
  _tag: "Ended",
  ending,
  ...(signed !== undefined && { signed })
})

/** A block here that is above the base that a transaction starts from, and that base. */
type Superseded = readonly [block: BlockId, base: Base]

const supersededIn = (view: MemberView, named: ReadonlyArray<Superseded>): ReadonlyArray<Superseded> =>
  named.filter(([id, base]) => (view.block(id)?.latest.rev ?? 0) > baseRev(base))

/** What a transaction would have changed here that has been changed since; where it writes nothing here, what it read. */
const supersededBlocks = (context: MemberContext, view: MemberView, manifest: Manifest): ReadonlyArray<Superseded> => {
  const own = ownShards(context, manifest)
  const writes = own.flatMap(([, shard]) => entriesOf(shard.writes).map(([id, { base }]) => [id, base] as const))
  return supersededIn(view, writes.length > 0 ? writes : own.flatMap(([, { reads }]) => entriesOf(reads)))
}

const writesHere = (context: MemberContext, manifest: Manifest): boolean =>
  ownShards(context, manifest).some(([, { writes }]) => entriesOf(writes).length > 0)

/**
 * Whether this member never forgets a transaction: one that only reads, of whose primary shard it is. It leaves no revision that
 * could answer for it; so nothing known means that nothing was promised, and it can be brought to its end. Decision 27.
 */
export const isNeverForgotten = (
  { signer }: Pick<MemberContext, "signer">,
  { collections, shards }: Manifest
): boolean => collections.length === 0 && shards[0].members.includes(signer.peer)

/** The plan that ends a transaction which never commits: its locks are freed, a mark with what shows it stays. */
export const planEnd = (
  view: MemberView,
  action: ActionId,
  signed: SignedManifest,
  ending: FailedEnding
): MemberPlan => {
  const { changes, writes } = planCancel(view, action, { ending, signed })
  return {
    answer: ended(ending),
    changes: [
      { _tag: "Stored", changes },
      { _tag: "Settled", action }
    ],
    notices: [],
    writes: [...writes, ...votesRemovals(action, view.votes(action))]
  }
}

/**
 * The entries that the cluster index has here of collections which a transaction would create, or read as absent, in shards that this
 * member is in; those that it would create first.
 */
const enteredElsewhere = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  manifest: Manifest
): { readonly created: ReadonlyArray<CertifiedRevision>; readonly read: ReadonlyArray<CertifiedRevision> } => {
  if (context.hasRoster) return NOTHING_ENTERED
  const othersOf = (ids: ReadonlyArray<BlockId>) =>
    ids.flatMap((id) => {
      const entry = view.block(id) === undefined ? view.entry(id) : undefined
      return entry === undefined || actionId(context.hasher, entry.signed.manifest) === action ? [] : [entry]
    })
  const own = ownShards(context, manifest)
  const absent = own.flatMap(([, { reads }]) =>
    entriesOf(reads).flatMap(([id, base]) => (base === "none" && isCollectionId(id) ? [id] : []))
  )
  return {
    created: othersOf(createdBy({ manifest }, (members) => members.includes(context.signer.peer))),
    read: othersOf(absent)
  }
}

const NOTHING_ENTERED = { created: [], read: [] }

/**
 * Nothing is signed about a transaction that would create what is created already, by others and over other members: it never
 * commits. What reads it as absent has read what is past. Protocol §1, *cluster index*; decision 30.
 */
const settledByIndex = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  signed: SignedManifest
): MemberPlan | undefined => {
  const { created, read } = enteredElsewhere(context, view, action, signed.manifest)
  const [by] = created
  const before = view.votes(action)
  if (by !== undefined && before !== undefined) return planEnd(view, action, signed, { _tag: "Excluded", by })
  const newer = [...created, ...read]
  if (newer.length === 0 || before !== undefined) return undefined
  const end = knownEnd(view, action)
  return onlyAnswer(end ?? { _tag: "Superseded", newer })
}

/**
 * What is answered about a transaction for which nothing may be signed: its end; or, where nothing is known of it and what it
 * starts from is superseded, the revisions that did so. It may have been known, and forgotten since.
 */
export const settled = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  signed: SignedManifest
): MemberPlan | undefined => {
  const byIndex = settledByIndex(context, view, action, signed)
  if (byIndex !== undefined) return byIndex
  const superseded = supersededBlocks(context, view, signed.manifest)
  // Where what it writes is as it was it has not been applied: its record need not be looked for.
  const isNew = superseded.length === 0 && writesHere(context, signed.manifest) && !view.mayBePendedOrAborted(action)
  if (isNew) return undefined
  const end = knownEnd(view, action)
  if (end !== undefined) return onlyAnswer(end)
  if (superseded.length === 0) return undefined
  const isForgettable = view.votes(action) === undefined && !isNeverForgotten(context, signed.manifest)
  const newer = superseded.flatMap(([id, base]) => view.revisionAfter(id, baseRev(base)) ?? [])
  if (isForgettable) return onlyAnswer({ _tag: "Superseded", newer })
  const by = newer.find(
    (revision) =>
      exclusionProblem(context, action, signed.manifest, revision, view.block(revision.block)?.members) === undefined
  )
  return by === undefined ? undefined : planEnd(view, action, signed, { _tag: "Excluded", by })
}
