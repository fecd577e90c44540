import type { LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, StampId } from "../../schemas/Ids.ts"
import { expectBlock } from "../block/BlockStore.ts"
import type { Tracker } from "../block/Tracker.ts"
import * as Log from "../log/Log.ts"
import { type HashText, isFull } from "../log/LogBlock.ts"
import * as Payload from "../log/Payload.ts"
import type { CollectionChanges } from "./CollectionChanges.ts"

/** What the entries of one transaction have in common, in all its collections. */
export type EntryFrame = Pick<LogEntry, "collections" | "time"> & { readonly stampId: StampId }

/** Appends the entry of a transaction to a collection's log: its actions, and the ids of the blocks it writes. Protocol §1. */
export const appendEntry = (
  changes: CollectionChanges,
  store: Tracker,
  hash: HashText,
  { collections, stampId, time }: EntryFrame
): void => {
  const { log } = expectBlock(store, changes.id, "collection")
  const rollsOver = isFull(expectBlock(store, log.tail, "log"))
  const placed = Payload.place(store, hash, [...changes.actions])
  const written = new Set<BlockId>(store.changes.keys())
  // The block that the entry stands in goes without saying; at rollover that is not the old tail.
  written.delete(log.tail)
  if (rollsOver) written.add(log.tail).add(changes.id)
  const { tail } = Log.append(store, hash, log.tail, {
    ...placed,
    blocks: [...written].sort(),
    collections,
    rev: (changes.pinned.rev + 1) as LogEntry["rev"],
    stampId,
    time
  })
  if (rollsOver) store.update(changes.id, ["log", 0, 0, { head: log.head, tail }])
}
