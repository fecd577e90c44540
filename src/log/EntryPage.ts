import type { LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { nextBlock, seek } from "./LogLinks.ts"

/** The first entries above a revision, in order, at most `limit`. Reads O(log n) blocks, and those with the answer. */
export const entriesAfter = (
  reader: BlockReader,
  tail: BlockId,
  rev: number,
  limit: number
): ReadonlyArray<LogEntry> => {
  let block = seek(reader, tail, "rev", Math.max(0, rev))
  const entries = block.entries.filter((entry) => entry.rev > rev)
  while (entries.length < limit && block.header.id !== tail) {
    block = nextBlock(reader, block)
    entries.push(...block.entries)
  }
  return entries.slice(0, Math.max(0, limit))
}

/** The entry of a revision, or undefined where the log has none. O(log n) block reads. */
export const entryAt = (reader: BlockReader, tail: BlockId, rev: Rev): LogEntry | undefined =>
  seek(reader, tail, "rev", rev - 1).entries.find((entry) => entry.rev === rev)
