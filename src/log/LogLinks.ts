/**
 * The ways through a log: on to the next block, and back by skips of 1, 8, 64, … blocks. Each step checks that revisions
 * go the way it goes, so that no walk over corrupt blocks is endless.
 */
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { lastRev, readLogBlock, type Skip } from "./LogBlock.ts"

/** Each level of skips goes this many times as far as the one below. */
export const SKIP_FACTOR = 8

const skipped = (reader: BlockReader, from: LogBlock, skip: Skip): LogBlock => {
  const block = readLogBlock(reader, skip.id)
  if (block.checkpoint.rev !== skip.rev || skip.rev >= from.checkpoint.rev) {
    throw new CorruptBlock({ block: from.header.id, reason: `its skip to ${skip.id} at ${skip.rev} leads elsewhere` })
  }
  return block
}

/** The block after this one, which must have one. Raises {@link CorruptBlock}. */
export const nextBlock = (reader: BlockReader, block: LogBlock): LogBlock => {
  const id = block.header.id
  if (block.next === undefined) throw new CorruptBlock({ block: id, reason: "ends the log before its tail" })
  const next = readLogBlock(reader, block.next)
  if (next.checkpoint.rev !== lastRev(block) || next.entries.length === 0) {
    throw new CorruptBlock({ block: next.header.id, reason: `does not continue ${id}` })
  }
  return next
}

/** The block before this one; undefined before the first. Raises {@link CorruptBlock}. */
export const priorBlock = (reader: BlockReader, block: LogBlock): LogBlock | undefined => {
  const skip = block.checkpoint.skip[0]
  if (skip === undefined && block.checkpoint.rev === 0) return undefined
  return skipped(reader, block, skip ?? noWayBack(block, block.checkpoint.rev))
}

const noWayBack = (block: LogBlock, position: number): never => {
  throw new CorruptBlock({ block: block.header.id, reason: `has no way back to ${position}` })
}

/**
 * The last block that starts at or before a position, which is the revision of an entry, or the index of an action: so
 * the one with the entry *after* that revision, or with that action, if the log has it. O(log n) block reads: the level
 * only falls, as what goes too far from here goes too far from nearer, too.
 */
export const seek = (reader: BlockReader, tail: BlockId, unit: "rev" | "actions", position: number): LogBlock => {
  let block = readLogBlock(reader, tail)
  if (block.checkpoint[unit] <= position) return block
  let level = block.checkpoint.skip.length - 1
  while (level >= 0) {
    const skip: Skip | undefined = block.checkpoint.skip[level]
    // A skip tells the revision itself, only for an action its block is read.
    const start = skip && (unit === "rev" ? skip.rev : skipped(reader, block, skip).checkpoint.actions)
    if (skip !== undefined && start! > position) block = skipped(reader, block, skip)
    else level -= 1
  }
  return skipped(reader, block, block.checkpoint.skip[0] ?? noWayBack(block, position))
}

/**
 * The skips of the block that is to follow `prior`, nearest first. One block read per level, and up to seven to see whether
 * the log is long enough for a further level: where `prior` skips to, the next block is as far back from the new one.
 */
export const skipsAfter = (reader: BlockReader, prior: LogBlock): ReadonlyArray<Skip> => {
  const skips: Array<Skip> = [{ id: prior.header.id, rev: prior.checkpoint.rev }]
  for (const skip of prior.checkpoint.skip.slice(1)) {
    const block = skipped(reader, prior, skip)
    if (block.next === undefined) throw new CorruptBlock({ block: skip.id, reason: "ends the log before its tail" })
    skips.push({ id: block.next, rev: lastRev(block) })
  }
  const top = skips.length - 1
  let further = skips[top]
  for (let step = 1; step < SKIP_FACTOR && further !== undefined; step++) {
    further = readLogBlock(reader, further.id).checkpoint.skip[top]
  }
  if (further !== undefined) skips.push(further)
  return skips
}
