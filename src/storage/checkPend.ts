import * as Schema from "effect/Schema"
import type { Block } from "../../schemas/Block.ts"
import { CollectionBlock, type LogBlock } from "../../schemas/BlockTypes.ts"
import { type ActionId, type BlockId, CollectionId, type Hash, type PeerId, type Rev } from "../../schemas/Ids.ts"
import type { Base, Manifest, Shard, Write } from "../../schemas/Manifest.ts"
import type { Locked, PendRequest, Refused, Stale } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { applyTransform, TransformMismatch } from "../block/apply.ts"
import { blockId, collectionId, hashValue } from "../encoding/BlockIds.ts"
import { NotCanonical } from "../encoding/CanonicalJson.ts"
import type { BlockState, RepoView } from "./BlockState.ts"
import { tailProblem } from "./tailRules.ts"

/** A write that passed all checks: the block as it is to be. */
export interface ApprovedWrite {
  readonly id: BlockId
  readonly shard: Shard
  readonly write: Write
  readonly state: BlockState | undefined
  readonly block: Block | undefined
}

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
  const shape = shapeProblem(manifest)
  if (shape !== undefined) return refused(shape)

  const missed: Array<Stale["missed"][number]> = []
  const by: Array<Locked["by"][number]> = []
  const reads: Array<BlockId> = []
  const compare = (id: BlockId, base: Base, mode: "read" | "write"): string | undefined => {
    const state = view.block(id)
    const problem = baseProblem(state, base)
    if (problem === "stale") missed.push({ block: id, latest: state?.latest ?? null })
    else if (problem !== undefined) return `${problem} at ${id}`
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
      const transform = payload[id]
      const checked =
        transform === undefined
          ? "its transform is missing"
          : checkWrite(context, view, manifest, shard, id, write, transform)
      if (typeof checked === "string") return refused(`${checked}: block ${id}`)
      writes.push(checked)
    }
  }
  const tail = tailProblem(manifest, view, new Map(writes.map((write) => [write.id, write])))
  if (tail !== undefined) return refused(tail)
  return { _tag: "Approval", actionId, pended: view.transaction(actionId)?._tag === "Pending", reads, writes }
}

const entriesOf = <A>(record: Readonly<Record<BlockId, A>>) =>
  Object.entries(record) as unknown as ReadonlyArray<readonly [BlockId, A]>

/** What is wrong with a manifest by itself. */
const shapeProblem = ({ collections, shards }: Manifest): string | undefined => {
  const revs = new Map<string, { base: number; rev: Rev }>()
  let previous = ""
  for (const { base, id, rev } of collections) {
    if (id <= previous) return "collections are not sorted and distinct"
    if (rev !== base + 1) return `revision ${rev} does not follow ${base}`
    revs.set(id, { base, rev })
    previous = id
  }
  const seen = new Set<BlockId>()
  const written = new Set<string>()
  for (const { members, reads, writes } of shards) {
    if (members.some((peer, i) => i > 0 && peer <= members[i - 1]!)) return "members are not sorted and distinct"
    for (const id of [...Object.keys(writes), ...Object.keys(reads)] as Array<BlockId>) {
      if (seen.has(id)) return `block ${id} is named twice`
      seen.add(id)
    }
    for (const [id, { base, collection, index }] of entriesOf(writes)) {
      const revision = revs.get(collection)
      if (revision === undefined) return `block ${id} is of a collection that is not listed`
      if (base !== "none" && base.rev > revision.base) return `the base of ${id} is above that of its collection`
      if ((index !== undefined) !== (base === "none" && id !== (collection as string))) return `index of ${id}`
      written.add(collection)
    }
  }
  return written.size === collections.length ? undefined : "a listed collection writes nothing"
}

/** How a base stands to what is stored. A tombstone is never a base, and its id never unused again. */
const baseProblem = (state: BlockState | undefined, base: Base): "stale" | string | undefined => {
  if (state === undefined) return base === "none" ? undefined : "a base that is not known here"
  if (base === "none") return "stale"
  const { after, rev } = state.latest
  if (base.rev < rev) return "stale"
  if (base.rev > rev) return "a base that is not known here"
  return base.hash === after ? undefined : "a base that differs from the certified revision"
}

const isCollectionId = Schema.is(CollectionId)

/** What is wrong with a read on the latest revision: only open tails and absent headers are read. */
const readProblem = (id: BlockId, base: Base, state: BlockState | undefined): string | undefined => {
  if (baseProblem(state, base) !== undefined) return undefined
  if (state === undefined) return isCollectionId(id) ? undefined : `${id} is read as absent, but is no header`
  const block = state.block as LogBlock | undefined
  return block?.header.type === "log" && block.next === undefined ? undefined : `${id} is read, but is no open tail`
}

const isHeader = Schema.is(CollectionBlock)

/** What is wrong with a new header: its id is made of its name, and its members are those of its shard. */
const headerProblem = (hasher: HasherService, id: BlockId, { members }: Shard, block: Block): string | undefined => {
  if (!isHeader(block)) return "the new header is no collection block"
  if (collectionId(hasher, block.name) !== (id as string)) return "the id is not that of the collection's name"
  return sameMembers(block.members, members) ? undefined : "the header names other members"
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
    if (blockId(hasher, source, write.index) !== id) return "the id is not the one its transaction makes"
  }
  try {
    if (hashValue(hasher, transform) !== write.change) return "the transform is not the one signed for"
    const block = applyTransform(state?.block, transform)
    if (block === undefined)
      return write.after === "deleted" ? { block, id, shard, state, write } : "the block is not deleted"
    if (block.header.id !== id || block.header.collectionId !== write.collection)
      return "the header names another block"
    const header =
      state === undefined && write.index === undefined ? headerProblem(hasher, id, shard, block) : undefined
    if (header !== undefined) return header
    const after: Hash = hashValue(hasher, block)
    return after === write.after ? { block, id, shard, state, write } : "the result is not the one signed for"
  } catch (thrown) {
    if (thrown instanceof TransformMismatch || thrown instanceof NotCanonical) return thrown.message
    throw thrown
  }
}

const sameMembers = (a: ReadonlyArray<PeerId>, b: ReadonlyArray<PeerId>) =>
  a.length === b.length && a.every((peer, i) => peer === b[i])
