import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { actionCount, lastRev, readLogBlock } from "./LogBlock.ts"
import { nextBlock, priorBlock, seek } from "./LogLinks.ts"

/** An entry, the block that it stands in, and the index in the log of the first of its actions. */
export interface LocatedEntry {
  readonly block: BlockId
  readonly entry: LogEntry
  readonly firstAction: number
}

/** Which entries to read: from a revision (default: the first, or in reverse the last), at most `limit`. */
export interface EntrySelection {
  readonly from?: number
  readonly limit: number
  readonly reverse?: boolean
}

/** The entries of one block of a log, in order. */
export const entriesOf = ({ checkpoint, entries, header }: LogBlock): ReadonlyArray<LocatedEntry> => {
  let firstAction = checkpoint.actions
  return entries.map((entry) => {
    const located = { block: header.id, entry, firstAction }
    firstAction += actionCount(entry)
    return located
  })
}

/** A page of entries, in the order asked for. Reads O(log n) blocks, and those with the answer. */
export const entryPage = (
  reader: BlockReader,
  tail: BlockId,
  { from, limit, reverse = false }: EntrySelection
): ReadonlyArray<LocatedEntry> => {
  const entries: Array<LocatedEntry> = []
  const start = from ?? (reverse ? lastRev(readLogBlock(reader, tail)) : 1)
  let block: LogBlock | undefined = seek(reader, tail, "rev", Math.max(0, start - 1))
  while (block !== undefined && entries.length < limit) {
    const found = entriesOf(block).filter(({ entry }) => (reverse ? entry.rev <= start : entry.rev >= start))
    entries.push(...(reverse ? found.reverse() : found))
    if (entries.length >= limit || (!reverse && block.header.id === tail)) break
    block = reverse ? priorBlock(reader, block) : nextBlock(reader, block)
  }
  return entries.slice(0, Math.max(0, limit))
}

/** The first entries above a revision, in order, at most `limit`. Reads O(log n) blocks, and those with the answer. */
export const entriesAfter = (reader: BlockReader, tail: BlockId, rev: number, limit: number): ReadonlyArray<LogEntry> =>
  entryPage(reader, tail, { from: rev + 1, limit }).map(({ entry }) => entry)

/** The entry of a revision, or undefined where the log has none. O(log n) block reads. */
export const entryAt = (reader: BlockReader, tail: BlockId, rev: Rev): LogEntry | undefined =>
  seek(reader, tail, "rev", rev - 1).entries.find((entry) => entry.rev === rev)
