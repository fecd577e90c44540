/**
 * The rules for what a transaction may do to headers and logs (protocol §1, §2): each written collection gets one entry at
 * its open tail, the conflict point, and nothing else of its history changes. There is exactly one way to do so; so the way
 * is checked, not what comes of it.
 */
import type { Block } from "../../schemas/Block.ts"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, CollectionId, Hash } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { CollectionWrite, Manifest } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { isScattered } from "../encoding/BlockIds.ts"
import { isFull, lastRev, totals } from "../log/LogBlock.ts"
import { type ApprovedWrite, isHistory } from "./ApprovedWrite.ts"
import type { RepoView } from "./BlockState.ts"
import { commonFrame, entryProblem, sameJson } from "./entryRules.ts"
import { entriesOf } from "./manifestRules.ts"

/** One written collection, as this node sees it. */
interface Scene {
  readonly collection: CollectionWrite
  /** The header before the transaction, where this node has one. */
  readonly header: CollectionBlock | undefined
  /** All blocks of the collection that the transaction writes, here or elsewhere. */
  readonly ids: ReadonlyArray<BlockId>
  /** Those that are to be written here. */
  readonly writes: ReadonlyMap<BlockId, ApprovedWrite>
}

/** How the entry comes to stand in the log. */
interface Step {
  readonly entry: Json
  /** The block that the entry stands in. */
  readonly block: BlockId
  /** The header after the transaction. */
  readonly header: CollectionBlock
  /** The blocks of history that must be written for it. */
  readonly history: ReadonlyArray<BlockId>
}

/**
 * What is wrong with what a transaction does to the headers and logs of its collections. The view must have the header of
 * each that is here. A log of which nothing is here is for its own members to check.
 */
export const tailProblem = (
  hasher: HasherService,
  manifest: Manifest,
  view: RepoView,
  writes: ReadonlyArray<ApprovedWrite>
): string | undefined => {
  const frame = commonFrame(hasher, manifest)
  for (const scene of scenesOf(manifest, view, writes)) {
    const problem = sceneProblem(hasher, frame, scene)
    if (problem !== undefined) return `${problem}: collection ${scene.collection.id}`
  }
  return undefined
}

const scenesOf = ({ collections, shards }: Manifest, view: RepoView, writes: ReadonlyArray<ApprovedWrite>) => {
  const scenes = new Map(
    collections.map((collection) => {
      const ids: Array<BlockId> = []
      const here = new Map<BlockId, ApprovedWrite>()
      return [collection.id, { collection, header: headerIn(view, collection.id), ids, writes: here }] as const
    })
  )
  for (const shard of shards) {
    for (const [id, { collection }] of entriesOf(shard.writes)) scenes.get(collection)?.ids.push(id)
  }
  for (const approved of writes) scenes.get(approved.write.collection)?.writes.set(approved.id, approved)
  return scenes.values()
}

const headerIn = (view: RepoView, id: CollectionId): CollectionBlock | undefined =>
  view.block(id)?.block as unknown as CollectionBlock | undefined

const sceneProblem = (
  hasher: HasherService,
  frame: ReturnType<typeof commonFrame>,
  scene: Scene
): string | undefined => {
  const { collection, ids, writes } = scene
  if (!ids.includes(collection.tail)) return "the open tail is not written"
  const tail = writes.get(collection.tail)
  if (tail === undefined) return elsewhereProblem(scene)
  const step = collection.base === 0 ? creation(scene, tail) : continuation(scene, tail)
  if (typeof step === "string") return step
  const blocks = ids.filter((id) => id !== step.block).sort()
  const added = { get: (id: BlockId) => addedBlock(scene, id) }
  return (
    entryProblem(hasher, { blocks, rev: collection.rev, ...frame }, added, step.entry) ??
    historyProblem(scene, step) ??
    placeProblem(scene, step)
  )
}

/** A block that this transaction creates. */
const addedBlock = ({ writes }: Scene, id: BlockId): Block | undefined => {
  const write = writes.get(id)
  return write?.state === undefined ? write?.block : undefined
}

/** A header and its log live together: where the one is, the other must be. */
const elsewhereProblem = ({ header }: Scene): string | undefined =>
  header === undefined ? undefined : "the open tail is not written where its header is"

/** A new collection: header and first log block, which has the entry. */
const creation = (scene: Scene, { block }: ApprovedWrite): Step | string => {
  const { id, tail } = scene.collection
  if (scene.header !== undefined) return "the collection exists"
  const created = addedBlock(scene, id) as unknown as CollectionBlock | undefined
  if (created === undefined) return "no header is created with the log"
  const { log, root } = created
  if (log.head !== tail || log.tail !== tail) return "the new header names other ends of its log"
  const atRoot = root === undefined ? undefined : scene.writes.get(root)
  if (root !== undefined && (atRoot === undefined || isHistory(atRoot)))
    return "the root is not created with its header"
  const first = block as unknown as LogBlock | undefined
  if (first?.header.type !== "log") return "the tail is no log block"
  const [entry] = first.entries
  if (entry === undefined || !sameJson(first, firstBlock(first.header, entry)))
    return "the first log block has something else than the entry"
  return { block: tail, entry: entry as unknown as Json, header: created, history: [id, tail] }
}

const firstBlock = (header: LogBlock["header"], entry: LogEntry): LogBlock => ({
  checkpoint: { actions: 0, entries: 0, rev: 0, skip: [] },
  entries: [entry],
  header
})

/** One more entry: at the end of the open tail or, once that is full, in a new block after it. */
const continuation = (scene: Scene, tail: ApprovedWrite): Step | string => {
  const { collection, header } = scene
  if (header === undefined) return "its header is not here"
  if (header.log.tail !== tail.id) return "the header names another tail"
  const before = tail.state?.block as unknown as LogBlock | undefined
  if (before === undefined || before.next !== undefined) return "the tail is not open"
  if (lastRev(before) !== collection.base) return "the tail does not end at the base"
  return isFull(before) ? rollover(scene, header, tail, before) : append(header, tail, before)
}

const append = (header: CollectionBlock, tail: ApprovedWrite, { entries }: LogBlock): Step | string => {
  const inserted = insertedBy(tail, "entries", entries.length)
  if (!Array.isArray(inserted) || inserted.length !== 1)
    return "the open tail changes by something else than one entry at its end"
  return { block: tail.id, entry: inserted[0], header, history: [tail.id] }
}

const rollover = (scene: Scene, header: CollectionBlock, tail: ApprovedWrite, before: LogBlock): Step | string => {
  const { id } = scene.collection
  const next = insertedBy(tail, "next", 0)
  if (typeof next !== "string") return "the full tail changes by something else than its next block"
  const block = next as BlockId
  const added = addedBlock(scene, block) as unknown as LogBlock | undefined
  if (added?.header.type !== "log") return "the next log block is not created with the link to it"
  const log = { head: header.log.head, tail: block }
  const advance = scene.writes.get(id)
  if (advance === undefined || !sameJson(insertedBy(advance, "log", 0), log))
    return "the header changes by something else than its new tail"
  const [entry] = added.entries
  if (entry === undefined || !sameJson(added, nextBlock(tail, before, added, entry)))
    return "the next log block does not follow from the tail"
  const levels = added.checkpoint.skip.length - before.checkpoint.skip.length
  if (levels < 0 || levels > 1) return "the next log block has other levels of skips"
  return { block, entry: entry as unknown as Json, header, history: [id, tail.id, block] }
}

/** The only block that may follow the tail. Where its further skips lead cannot be told from here; `verifyLog` does. */
const nextBlock = ({ id, state }: ApprovedWrite, before: LogBlock, added: LogBlock, entry: LogEntry): LogBlock => {
  const skip = [{ id, rev: before.checkpoint.rev }, ...added.checkpoint.skip.slice(1)]
  return {
    checkpoint: { ...totals(before), skip },
    entries: [entry],
    header: added.header,
    prior: id,
    // The tail is open: without `next` it is as it is, and its hash is certified.
    priorHash: state!.latest.after as Hash
  }
}

/** What a write puts into a property at an index where there is nothing to take out, if it does only that. */
const insertedBy = ({ transform }: ApprovedWrite, property: string, index: number): Json | undefined => {
  if (!("operations" in transform) || transform.operations.length !== 1) return undefined
  const [name, at, _deleteCount, inserted, ...others] = transform.operations[0] as ReadonlyArray<Json>
  return name === property && at === index && others.length === 0 ? inserted : undefined
}

/** No other block of the history changes, comes or goes. */
const historyProblem = ({ writes }: Scene, { entry, history }: Step): string | undefined => {
  const { payload } = entry as unknown as LogEntry
  const allowed = new Set([...history, ...(payload?.blocks ?? [])])
  for (const write of writes.values()) {
    if (isHistory(write) && !allowed.has(write.id)) return `block ${write.id} of its history is written`
  }
  return undefined
}

/**
 * All blocks live with their header, but for the data of a collection that scatters it: those do not, wherever they are written.
 * What is of the header's place is in the shard of the tail; the manifest was checked for that.
 */
const placeProblem = ({ collection, ids, writes }: Scene, { entry, header, history }: Step): string | undefined => {
  const { payload } = entry as unknown as LogEntry
  const atHome = new Set([...history, ...(payload?.blocks ?? []), header.root])
  for (const id of ids) {
    const isApart = isScattered(id, collection.id)
    if (isApart && (header.placement === "together" || atHome.has(id))) return `block ${id} is not where its header is`
    const isNew = writes.get(id)?.state === undefined && writes.has(id)
    if (!isApart && header.placement === "scatter" && isNew && !atHome.has(id)) {
      return `block ${id} has not a place of its own`
    }
  }
  return undefined
}
