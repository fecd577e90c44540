/**
 * The log of a collection: one entry per transaction, in linked blocks that each keep the hash of the one before. What
 * comes after in time is only ever appended. Protocol §1; procedures over a `BlockStore`, see there for `BlockFault`.
 */
import type { LogEntry } from "../../schemas/Collection.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockStore } from "../block/BlockStore.ts"
import { type HashText, isFull, lastingHash, lastRev, readLogBlock, totals } from "./LogBlock.ts"
import { skipsAfter } from "./LogLinks.ts"

/** The ends of a log, as a collection's header keeps them. */
export interface LogEnds {
  readonly head: BlockId
  readonly tail: BlockId
}

/** The tail after an append. Where it has rolled over, the caller writes the new tail to the header. */
export interface Appended {
  readonly rolledOver: boolean
  readonly tail: BlockId
}

/** Makes the first block of a log, which has no entry yet. */
export const createLog = (store: BlockStore): LogEnds => {
  const header = store.allocate("log")
  store.insert({ checkpoint: { actions: 0, entries: 0, rev: 0, skip: [] }, entries: [], header })
  return { head: header.id, tail: header.id }
}

/** The entry with its keys in canonical order. Dies unless its actions stand in one place. */
const ordered = ({ actions, blocks, collections, payload, rev, stampId, time }: LogEntry): LogEntry => {
  if (actions !== undefined && payload === undefined) return { actions, blocks, collections, rev, stampId, time }
  if (payload !== undefined && actions === undefined) return { blocks, collections, payload, rev, stampId, time }
  throw new Error(`Entry ${rev} must have either actions or a payload`)
}

/**
 * Appends an entry to the open tail, or to a new block after it if the tail `isFull`. The entry's `blocks` then have the
 * old tail and the header too, but never the block that the entry itself stands in. Dies unless the entry's revision is the
 * next one, and its actions stand in one place. O(log n) block reads.
 */
export const append = (store: BlockStore, hash: HashText, tailId: BlockId, entry: LogEntry): Appended => {
  const tail = readLogBlock(store, tailId)
  if (tail.next !== undefined) throw new CorruptBlock({ block: tailId, reason: "is no open tail" })
  if (entry.rev !== lastRev(tail) + 1) throw new Error(`Entry ${entry.rev} cannot follow ${lastRev(tail)} in a log`)
  const stored = ordered(entry)
  if (!isFull(tail)) {
    store.update(tailId, ["entries", tail.entries.length, 0, [stored]])
    return { rolledOver: false, tail: tailId }
  }
  const header = store.allocate("log")
  store.insert({
    checkpoint: { ...totals(tail), skip: skipsAfter(store, tail) },
    entries: [stored],
    header,
    prior: tailId,
    priorHash: lastingHash(hash, tail)
  })
  store.update(tailId, ["next", 0, 0, header.id])
  return { rolledOver: true, tail: header.id }
}
