/** The checks of a member before it promises its locks to a transaction. Protocol §2. */

import type { CollectionBlock } from "../../../schemas/BlockTypes.ts"
import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { ActionId, CollectionId } from "../../../schemas/Ids.ts"
import type { Manifest, Payload, Shard, SignedManifest } from "../../../schemas/Manifest.ts"
import type { PendAnswer, PendRequest } from "../../../schemas/Repo.ts"
import { isScattered } from "../../encoding/BlockIds.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import { compareBase } from "../../storage/compareBase.ts"
import { entriesOf, isCollectionId } from "../../storage/manifestRules.ts"
import type { Plan } from "../../storage/Plan.ts"
import { planPend } from "../../storage/planPend.ts"
import { authorityProblem } from "../evidence/Authority.ts"
import { baseRev } from "../evidence/Exclusion.ts"
import { payloadMismatch } from "../evidence/PayloadMismatch.ts"
import { signedProblem } from "../evidence/SignedManifest.ts"
import type { Acquainted } from "./acquaint.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { ownShards } from "./settled.ts"
import { payloadLength } from "./Votes.ts"

/** What a member makes of a transaction. */
export type Examination =
  /** It would lock what the plan locks. */
  | { readonly _tag: "Sound"; readonly plan: Plan<PendAnswer>; readonly signed: SignedManifest }
  /** Not now, or not as it was sent: to be asked again. */
  | { readonly _tag: "Deferred"; readonly plan: MemberPlan }
  /** What its author signed for breaks a rule, or others hold locks. */
  | { readonly _tag: "Faulty"; readonly reason: "locked" | "invalid"; readonly answer: MemberAnswer }

/** Examines a transaction: members, author, payload, limits; then bases, locks and all that the planners of storage check. */
export const examine = (
  context: MemberContext,
  view: MemberView,
  { action, before, manifest, votes }: Acquainted,
  { payload, signed: brought }: PendRequest
): Examination => {
  // Who spoke of the transaction first may have left signatures out.
  const isBetter = before !== undefined && signedProblem(context, action, brought) === undefined
  const signed = isBetter ? brought : votes.signed
  const own = ownShards(context, manifest)
  const shards = own.map(([, shard]) => shard)
  const early =
    membersProblem(context, view, manifest, shards) ??
    authorsProblem(context, view, action, signed) ??
    payloadProblem(context, shards, payload) ??
    blocksProblem(context, shards) ??
    pendingBusy(context, view, manifest, payload, votes.pendingLength) ??
    (before === undefined ? authorBusy(context, view, manifest) : undefined) ??
    basesProblem(view, shards)
  if (early !== undefined) {
    const fetches = early._tag === "Behind" ? [{ _tag: "Fetch", blocks: early.blocks } as const] : []
    return { _tag: "Deferred", plan: onlyAnswer(early, ...fetches) }
  }
  const plan = planPend({ hasher: context.hasher, self: context.signer.peer }, view, action, { payload, signed })
  switch (plan.answer._tag) {
    case "Pended":
      return { _tag: "Sound", plan, signed }
    case "Locked":
      return { _tag: "Faulty", answer: { _tag: "InTheWay", by: plan.answer.by }, reason: "locked" }
    case "Refused":
      return { _tag: "Faulty", answer: { _tag: "Invalid", reason: plan.answer.reason }, reason: "invalid" }
    default:
      throw new Error(`a sound transaction is ${plan.answer._tag}`)
  }
}

type Problem = MemberAnswer | undefined

const membership = (reason: string): MemberAnswer => ({ _tag: "Membership", reason })

/**
 * All members are admitted; those of blocks here are the stored ones, those of new headers and, with a roster, of new scattered
 * blocks the closest, those of homes as known.
 */
const membersProblem = (
  { hasRoster, membership: known }: MemberContext,
  view: MemberView,
  manifest: Manifest,
  own: ReadonlyArray<Shard>
): Problem => {
  for (const shard of manifest.shards) {
    const stranger = shard.members.find((peer) => !known.isAdmitted(peer))
    // Whoever keeps what is here was admitted once: that it is gone must not leave a collection unwritable.
    if (stranger !== undefined && (hasRoster || !isAsStored(view, shard))) {
      return membership(`${stranger} is not admitted`)
    }
  }
  return (
    storedProblem(view, own) ??
    closestProblem({ hasRoster, membership: known }, view, own) ??
    homeProblem(known, view, manifest)
  )
}

/** Why no honest member ever approves a transaction, as far as this one knows: blocks that are kept here, or homes, have other members. */
export const misplacedProblem = (
  context: Pick<MemberContext, "membership" | "signer">,
  view: MemberView,
  manifest: Manifest
): Problem =>
  storedProblem(
    view,
    ownShards(context, manifest).map(([, shard]) => shard)
  ) ?? homeProblem(context.membership, view, manifest)

const storedProblem = (view: MemberView, own: ReadonlyArray<Shard>): Problem => {
  for (const { members, reads, writes } of own) {
    for (const [id] of [...entriesOf(writes), ...entriesOf(reads)]) {
      const stored = view.block(id)?.members
      if (stored !== undefined && !sameMembers(stored, members)) return membership(`block ${id} has other members`)
    }
  }
  return undefined
}

const closestProblem = (
  { hasRoster, membership: known }: Pick<MemberContext, "hasRoster" | "membership">,
  view: MemberView,
  own: ReadonlyArray<Shard>
): Problem => {
  for (const { members, reads, writes } of own) {
    const named = [
      // A roster says of any place who keeps what is there. Without one only to create a name all must agree who is closest.
      ...entriesOf(writes).map(([id, { base, collection }]) => ({
        base,
        id,
        isFixed: isCollectionId(id) || (hasRoster && isScattered(id, collection))
      })),
      ...entriesOf(reads).map(([id, base]) => ({ base, id, isFixed: isCollectionId(id) }))
    ]
    for (const { base, id, isFixed } of named) {
      const isNew = isFixed && base === "none" && view.block(id) === undefined
      if (!isNew) continue
      if (!sameMembers(known.closest(id), members)) return membership(`other peers are to keep ${id}`)
      const reason = hasRoster ? undefined : known.objection(id, members)
      if (reason !== undefined) return membership(reason)
    }
  }
  return undefined
}

const homeProblem = (known: MemberContext["membership"], view: MemberView, manifest: Manifest): Problem => {
  for (const { id, tail } of manifest.collections) {
    const home = view.block(id)?.members ?? known.home(id)
    const shard = manifest.shards.find(({ writes }) => Object.hasOwn(writes, tail))
    if (home !== undefined && !sameMembers(home, shard?.members ?? [])) return membership(`${id} has another home`)
  }
  return undefined
}

/** Whether this node keeps a block of a shard, with the members that the shard names. */
const isAsStored = (view: MemberView, { members, reads, writes }: Shard): boolean =>
  [...entriesOf(writes), ...entriesOf(reads)].some(([id]) => {
    const stored = view.block(id)?.members
    return stored !== undefined && sameMembers(stored, members)
  })

/** Signatures are no part of the transaction's id: with others beside it the same transaction may be sound. */
const authorsProblem = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  signed: SignedManifest
): Problem => {
  for (const { id } of signed.manifest.collections) {
    const header = headerOf(view, id)
    const reason = header === undefined ? undefined : authorityProblem(context, action, signed, header)
    if (reason !== undefined) return { _tag: "Invalid", reason: `${reason}: collection ${id}` }
  }
  return undefined
}

const headerOf = (view: MemberView, id: CollectionId): CollectionBlock | undefined =>
  view.block(id)?.block as unknown as CollectionBlock | undefined

/** Whoever sent another payload than was signed for may not be the author. */
export const payloadProblem = ({ hasher }: MemberContext, own: ReadonlyArray<Shard>, payload: Payload): Problem => {
  const reason = payloadMismatch(hasher, own, payload)
  return reason === undefined ? undefined : { _tag: "Invalid", reason }
}

const blocksProblem = ({ policy }: MemberContext, own: ReadonlyArray<Shard>): Problem => {
  const blocks = own.reduce((total, { reads, writes }) => total + entriesOf(reads).length + entriesOf(writes).length, 0)
  return blocks > policy.maxBlocks
    ? {
        _tag: "Excessive",
        actual: blocks,
        limit: policy.maxBlocks,
        what: "the number of blocks that a member is to lock"
      }
    : undefined
}

/** Whether this member would keep more for undecided transactions, of one author or of all, than it will. `kept` it has already. */
const pendingBusy = (
  { policy }: MemberContext,
  view: MemberView,
  { author }: Manifest,
  payload: Payload,
  kept: number
): Problem => {
  const { maxPendingLength, maxPendingLengthPerAuthor } = policy
  const length = payloadLength(payload)
  const limit = Math.min(maxPendingLength, maxPendingLengthPerAuthor)
  if (length > limit) return { _tag: "Excessive", actual: length, limit, what: "the size of a transaction at a member" }
  const added = length - kept
  if (view.undecided(author).pendingLength + added > maxPendingLengthPerAuthor) {
    return { _tag: "Busy", reason: "undecided transactions of its author are too large" }
  }
  return view.undecided().pendingLength + added > maxPendingLength
    ? { _tag: "Busy", reason: "undecided transactions are too large" }
    : undefined
}

/** Whether this member has promised as much about an author's transactions as it will at once. */
export const authorBusy = ({ policy }: MemberContext, view: MemberView, { author }: Manifest): Problem => {
  const { count } = view.undecided(author)
  return count >= policy.maxUndecidedPerAuthor
    ? { _tag: "Busy", reason: `${count} transactions of its author are undecided` }
    : undefined
}

/** Every base is the latest certified revision here. */
const basesProblem = (view: MemberView, own: ReadonlyArray<Shard>): Problem => {
  const bases = own.flatMap(({ reads, writes }) => [
    ...entriesOf(writes).map(([id, { base }]) => [id, base] as const),
    ...entriesOf(reads)
  ])
  const compared = bases.map(([id, base]) => ({ base, id, problem: compareBase(view.block(id), base) }))
  const diverged = compared.find(({ problem }) => problem === "diverged")
  if (diverged !== undefined) return { _tag: "Diverged", block: diverged.id }
  const stale = compared.filter(({ problem }) => problem === "stale")
  if (stale.length > 0) {
    return { _tag: "Superseded", newer: stale.flatMap(({ base, id }) => view.revisionAfter(id, baseRev(base)) ?? []) }
  }
  const behind = compared.filter(({ problem }) => problem === "behind").map(({ id }) => id)
  return behind.length > 0 ? { _tag: "Behind", blocks: behind } : undefined
}
