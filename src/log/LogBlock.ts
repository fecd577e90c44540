/** What one block of a log tells by itself. */
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogCheckpoint, LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Hash } from "../../schemas/Ids.ts"
import { type BlockReader, expectBlock } from "../block/BlockStore.ts"
import { type Capacity, itemsBytes } from "../chain/Packing.ts"
import { canonicalHash, canonicalText } from "../encoding/CanonicalJson.ts"

/** sha256 of a text's UTF-8, in base32. */
export type HashText = (text: string) => Hash

/** A link of a checkpoint: a block further back, and that block's own `checkpoint.rev`. */
export type Skip = LogCheckpoint["skip"][number]

/** A log block is full with 32 entries, or with 32 KiB of them. */
export const LOG_CAPACITY: Capacity = { bytes: 32 * 1024, count: 32 }

/** The log block that something refers to. Raises `CorruptBlock`. */
export const readLogBlock = (reader: BlockReader, id: BlockId): LogBlock => expectBlock(reader, id, "log")

/**
 * Whether the next entry goes to a new block. This does not depend on the next entry, whose `blocks` in turn depend on
 * it; so a block may exceed its capacity by one entry.
 */
export const isFull = (block: Pick<LogBlock, "entries">): boolean =>
  block.entries.length >= LOG_CAPACITY.count || itemsBytes(block.entries) >= LOG_CAPACITY.bytes

/** The number of actions of an entry, wherever they stand. */
export const actionCount = (entry: LogEntry): number => entry.payload?.count ?? entry.actions?.length ?? 0

/** The revision of the last entry up to the end of this block; 0 in an empty log. */
export const lastRev = (block: LogBlock): number => block.entries.at(-1)?.rev ?? block.checkpoint.rev

/** What a log has in all, up to the end of a block. */
export interface LogTotals {
  readonly actions: number
  readonly entries: number
  readonly rev: number
}

/** What the log has in all, up to the end of this block. Of the tail: of the whole log. */
export const totals = (block: LogBlock): LogTotals => ({
  actions: block.entries.reduce((sum, entry) => sum + actionCount(entry), block.checkpoint.actions),
  entries: block.checkpoint.entries + block.entries.length,
  rev: lastRev(block)
})

/** The hash that the next block keeps as `priorHash`: of all that lasts, which is all but `next`. Protocol §1. */
export const lastingHash = (hash: HashText, block: LogBlock): Hash => {
  // An open block was hashed when it was last written.
  if (block.next === undefined) return canonicalHash(block, hash)
  const { next: _next, ...lasting } = block
  return hash(canonicalText(lasting))
}
