/** The check of a whole log, in pages of bounded work. */
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogEntry } from "../../schemas/Collection.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { canonicalText } from "../encoding/CanonicalJson.ts"
import { type HashText, isFull, LOG_CAPACITY, lastingHash, readLogBlock, totals } from "./LogBlock.ts"
import { skipsAfter } from "./LogLinks.ts"
import { resolve } from "./Payload.ts"

/** How many log and payload blocks a page of a check covers, unless asked otherwise. */
export const VERIFY_PAGE_BLOCKS = 32

/** What is wrong in one part of a log, in words, and the last block checked, if the check is to go on from there. */
export interface LogVerification {
  readonly resume?: BlockId
  readonly violations: ReadonlyArray<string>
}

/** Where a check is: `after` a block that is checked already (default: at the head), for `limit` blocks. */
export interface VerifyLogOptions {
  readonly after?: BlockId
  readonly limit?: number
  /** Whether to read and check actions in payload blocks. Default: true. */
  readonly payloads?: boolean
}

/**
 * Checks a page of a log, from its head on: hash links, checkpoints, skips, revisions without a gap, fill, and payloads. A
 * changed entry shows in the hash that the block after it keeps; one in the tail is left to the tail's certificate.
 */
export const verifyLog = (
  reader: BlockReader,
  hash: HashText,
  headId: BlockId,
  tailId: BlockId,
  options: VerifyLogOptions = {}
): LogVerification => {
  const violations: Array<string> = []
  let left = Math.max(1, options.limit ?? VERIFY_PAGE_BLOCKS)
  try {
    let prior = options.after === undefined ? undefined : readLogBlock(reader, options.after)
    while (prior?.header.id !== tailId) {
      if (prior !== undefined && left <= 0) return { resume: prior.header.id, violations }
      const block: LogBlock = follow(reader, prior, headId)
      violations.push(...linkViolations(hash, block, prior), ...skipViolations(reader, block, prior))
      violations.push(...entriesViolations(block, block.header.id === headId))
      if (options.payloads !== false) {
        violations.push(...block.entries.flatMap((entry) => actionViolations(reader, hash, block, entry)))
      }
      left -= block.entries.reduce((sum, entry) => sum + (entry.payload?.blocks.length ?? 0), 1)
      prior = block
    }
    if (prior.next !== undefined) violations.push(`Block ${tailId} is the tail, but has a next block`)
  } catch (error) {
    violations.push(corruption(error))
  }
  return { violations }
}

/** The words of a {@link CorruptBlock}; anything else, a `BlockFault` above all, goes on its way. */
const corruption = (error: unknown): string => {
  if (error instanceof CorruptBlock) return error.message
  throw error
}

/** The next block to check. One that does not lead onward ends the check, which would else go round for ever. */
const follow = (reader: BlockReader, prior: LogBlock | undefined, headId: BlockId): LogBlock => {
  if (prior === undefined) return readLogBlock(reader, headId)
  const id = prior.header.id
  if (prior.next === undefined) throw new CorruptBlock({ block: id, reason: "ends the log before its tail" })
  const block = readLogBlock(reader, prior.next)
  if (block.checkpoint.rev <= prior.checkpoint.rev) {
    throw new CorruptBlock({ block: id, reason: `its next block ${prior.next} is not later` })
  }
  return block
}

const linkViolations = (hash: HashText, block: LogBlock, prior: LogBlock | undefined): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const id = block.header.id
  const expected = prior === undefined ? { actions: 0, entries: 0, rev: 0 } : totals(prior)
  for (const unit of ["actions", "entries", "rev"] as const) {
    const stated = block.checkpoint[unit]
    if (stated !== expected[unit])
      violations.push(`Block ${id} has checkpoint ${unit} ${stated}, expected ${expected[unit]}`)
  }
  if (block.prior !== prior?.header.id)
    violations.push(`Block ${id} has prior ${block.prior}, expected ${prior?.header.id}`)
  if (block.priorHash !== (prior && lastingHash(hash, prior))) {
    violations.push(`Block ${id} has a priorHash that is not the hash of the block before it`)
  }
  return violations
}

const skipViolations = (reader: BlockReader, block: LogBlock, prior: LogBlock | undefined): ReadonlyArray<string> => {
  try {
    const expected = prior === undefined ? [] : skipsAfter(reader, prior)
    const isSound = canonicalText(block.checkpoint.skip) === canonicalText(expected)
    return isSound ? [] : [`Block ${block.header.id} has skips that do not lead 1, 8, 64, … blocks back`]
  } catch (error) {
    return [corruption(error)]
  }
}

const entriesViolations = (block: LogBlock, isFirst: boolean): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const { checkpoint, entries, header, next } = block
  const gap = entries.findIndex((entry, i) => entry.rev !== checkpoint.rev + 1 + i)
  if (gap >= 0)
    violations.push(`Block ${header.id} has revision ${entries[gap]?.rev}, expected ${checkpoint.rev + 1 + gap}`)
  if (entries.length === 0 && !isFirst) violations.push(`Block ${header.id} has no entry`)
  if (next !== undefined && !isFull(block)) violations.push(`Block ${header.id} was left before it was full`)
  if (entries.length > 0 && isFull({ entries: entries.slice(0, -1) })) {
    violations.push(`Block ${header.id} has more than ${LOG_CAPACITY.count} entries or ${LOG_CAPACITY.bytes} bytes`)
  }
  return violations
}

const actionViolations = (
  reader: BlockReader,
  hash: HashText,
  block: LogBlock,
  entry: LogEntry
): ReadonlyArray<string> => {
  const isPlaced = (entry.actions === undefined) !== (entry.payload === undefined)
  if (!isPlaced) return [`Block ${block.header.id}, revision ${entry.rev}: neither actions nor payload, or both`]
  try {
    resolve(reader, hash, entry)
    return []
  } catch (error) {
    return [`Block ${block.header.id}, revision ${entry.rev}: ${corruption(error)}`]
  }
}
