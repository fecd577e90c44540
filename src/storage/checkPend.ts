import type { Block } from "../../schemas/Block.ts"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Base, Manifest, Payload, Shard, Write } from "../../schemas/Manifest.ts"
import type { Locked, PendRequest, Refused, Stale } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { applyTransform, TransformMismatch } from "../block/apply.ts"
import { blockId, hashValue, isScattered, scatteredBlockId } from "../encoding/BlockIds.ts"
import { NotCanonical } from "../encoding/CanonicalJson.ts"
import * as Slot from "../encoding/Slot.ts"
import { type ApprovedWrite, isHistory } from "./ApprovedWrite.ts"
import type { BlockState, RepoView } from "./BlockState.ts"
import { changedBlockProblem, newBlockProblem, newHeaderProblem, sameMembers } from "./blockRules.ts"
import { type BaseProblem, compareBase } from "./compareBase.ts"
import { entriesOf, isCollectionId, manifestProblem } from "./manifestRules.ts"
import { tailProblem } from "./tailRules.ts"

/** A transaction that this node's blocks have nothing against. */
export interface Approval {
  readonly _tag: "Approval"
  readonly actionId: ActionId
  readonly writes: ReadonlyArray<ApprovedWrite>
  readonly reads: ReadonlyArray<BlockId>
  /** Whether it was pended before, so that its records and locks are there to be removed. */
  readonly pended: boolean
}

/** What the checks need to know beside the view. */
export interface CheckContext {
  readonly hasher: HasherService
  /** The member whose blocks these are: shards it is not in are not checked here. */
  readonly self: PeerId
  /** False only in a build that is deliberately wrong, to show that the checkers notice. */
  readonly validateReads?: boolean
}

type Verdict = Approval | Stale | Locked | Refused

/**
 * The checks of a pend that concern this node's own blocks (protocol §2): ids and member sets, bases, locks, digests of
 * the payload, and the conflict point of each written collection. Signatures are checked before, by the member.
 */
export const checkPend = (
  context: CheckContext,
  view: RepoView,
  actionId: ActionId,
  { payload, signed: { manifest } }: PendRequest
): Verdict => {
  const refused = (reason: string): Refused => ({ _tag: "Refused", actionId, reason })
  const own = manifest.shards.filter(({ members }) => members.includes(context.self))
  if (own.length === 0) return refused("no shard names this node as a member")
  const shape = manifestProblem(manifest)
  if (shape !== undefined) return refused(shape)

  const missed: Array<Stale["missed"][number]> = []
  const by: Array<Locked["by"][number]> = []
  const reads: Array<BlockId> = []
  const compare = (id: BlockId, base: Base, mode: "read" | "write"): string | undefined => {
    const state = view.block(id)
    const problem = compareBase(state, base)
    if (problem === "stale") missed.push({ block: id, latest: state?.latest ?? null })
    else if (problem !== undefined) return `${UNEXPLAINED[problem]} at ${id}`
    for (const lock of view.locks(id)) {
      if (lock.holder !== actionId && (mode === "write" || lock.mode === "write"))
        by.push({ block: id, holder: lock.holder })
    }
    return undefined
  }
  for (const shard of own) {
    for (const [id, write] of entriesOf(shard.writes)) {
      const problem = compare(id, write.base, "write")
      if (problem !== undefined) return refused(problem)
    }
    for (const [id, base] of entriesOf(shard.reads)) {
      reads.push(id)
      if (context.validateReads === false) continue
      const problem = compare(id, base, "read") ?? readProblem(id, base, view.block(id))
      if (problem !== undefined) return refused(problem)
    }
  }
  if (missed.length > 0) return { _tag: "Stale", actionId, missed }
  if (by.length > 0) return { _tag: "Locked", actionId, by }

  const writes: Array<ApprovedWrite> = []
  for (const shard of own) {
    for (const [id, write] of entriesOf(shard.writes)) {
      const checked = Object.hasOwn(payload, id)
        ? checkWrite(context, view, manifest, shard, id, write, payload[id]!)
        : "its transform is missing"
      if (typeof checked === "string") return refused(`${checked}: block ${id}`)
      writes.push(checked)
    }
  }
  // Each own write has its transform, so that any more are of other blocks.
  if (Object.keys(payload).length > writes.length) return refused("it comes with transforms of blocks not written here")
  const tail = tailProblem(context.hasher, manifest, view, writes)
  if (tail !== undefined) return refused(tail)
  const pended = view.mayBePendedOrAborted(actionId) && view.transaction(actionId)?._tag === "Pending"
  return { _tag: "Approval", actionId, pended, reads, writes }
}

/** What was approved of a pended transaction, and by whom: by its payload, of which each transaction has its own. */
const approvals = Slot.make<Payload, { readonly approval: Approval; readonly self: PeerId }>()

/** Keeps what was found when a transaction was pended, for its commit. */
export const rememberApproval = ({ self }: CheckContext, { payload }: PendRequest, approval: Approval): void =>
  approvals.set(payload, { approval: { ...approval, pended: true }, self })

/** What was found when a transaction was pended, if the blocks that it writes are still what they were. */
export const rememberedApproval = (
  { self }: CheckContext,
  view: RepoView,
  actionId: ActionId,
  { payload }: PendRequest
): Approval | undefined => {
  const known = approvals.get(payload)
  if (known?.self !== self || known.approval.actionId !== actionId) return undefined
  return known.approval.writes.every(({ id, state }) => view.block(id) === state) ? known.approval : undefined
}

/** What is wrong with a base that no later revision explains. */
const UNEXPLAINED: Readonly<Record<Exclude<BaseProblem, "stale">, string>> = {
  behind: "a base that is not known here",
  diverged: "a base that differs from the certified revision"
}

/** What is wrong with a read on the latest revision: only open tails and absent headers are read. */
const readProblem = (id: BlockId, base: Base, state: BlockState | undefined): string | undefined => {
  if (compareBase(state, base) !== undefined) return undefined
  if (state === undefined) return isCollectionId(id) ? undefined : `${id} is read as absent, but is no header`
  const block = state.block as LogBlock | undefined
  return block?.header.type === "log" && block.next === undefined ? undefined : `${id} is read, but is no open tail`
}

/** A write against the payload, the block it changes, and the rules for new ids. */
const checkWrite = (
  { hasher }: CheckContext,
  view: RepoView,
  manifest: Manifest,
  shard: Shard,
  id: BlockId,
  write: Write,
  transform: Transform
): ApprovedWrite | string => {
  const state = view.block(id)
  if (state !== undefined) {
    if (state.collection !== write.collection) return "the block is of another collection"
    if (!sameMembers(state.members, shard.members)) return "the member set is not the stored one"
  } else if (write.index !== undefined) {
    const source = {
      author: manifest.author,
      collection: write.collection,
      members: shard.members,
      stamp: manifest.stamp
    }
    const idOf = isScattered(id, write.collection) ? scatteredBlockId : blockId
    if (idOf(hasher, source, write.index) !== id) return "the id is not the one its transaction makes"
  }
  try {
    if (hashValue(hasher, transform) !== write.change) return "the transform is not the one signed for"
    const block = applyTransform(state?.block, transform)
    const problem = resultProblem(hasher, shard, id, write, transform, block)
    if (problem !== undefined) return problem
    const approved = { block, id, shard, state, transform, write }
    return isHistory(approved) && isScattered(id, write.collection) ? "it is not where its header is" : approved
  } catch (thrown) {
    if (thrown instanceof TransformMismatch || thrown instanceof NotCanonical) return thrown.message
    throw thrown
  }
}

/** What is wrong with what a block is to be. */
const resultProblem = (
  hasher: HasherService,
  { members }: Shard,
  id: BlockId,
  { after, collection, index }: Write,
  transform: Transform,
  block: Block | undefined
): string | undefined => {
  if (Object.keys(transform).length > 1) return "the transform is of several kinds"
  if (block === undefined) return after === "deleted" ? undefined : "the block is not deleted"
  const isNew = "insert" in transform
  const shape = isNew ? newBlockProblem(block) : changedBlockProblem(block, transform)
  if (shape !== undefined) return shape
  if (block.header.id !== id || block.header.collectionId !== collection) return "the header names another block"
  if (isNew && index === undefined) {
    const header = newHeaderProblem(hasher, collection, members, block)
    if (header !== undefined) return header
  }
  return hashValue(hasher, block) === after ? undefined : "the result is not the one signed for"
}
