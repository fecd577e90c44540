import type { Action, LogEntry } from "../../schemas/Collection.ts"
import { type BlockId, CollectionId, Rev, StampId } from "../../schemas/Ids.ts"
import type { BlockReader, BlockStore } from "../../src/block/BlockStore.ts"
import { append, createLog, type LogEnds } from "../../src/log/Log.ts"
import type { Placed } from "../../src/log/Payload.ts"
import { verifyLog } from "../../src/log/VerifyLog.ts"
import { hash, MapBlockStore } from "../chain/MapBlockStore.ts"

const COLLECTION = CollectionId.make(hash("collection:test"))
const STAMP = StampId.make(hash("stamp"))

export const actionOf = (data: Action["data"]): Action => ({ data, type: "note" })

export const entryOf = (rev: number, placed: Placed, blocks: ReadonlyArray<BlockId> = []): LogEntry => ({
  ...placed,
  blocks,
  collections: [{ id: COLLECTION, rev: Rev.make(rev) }],
  rev: Rev.make(rev),
  stampId: STAMP,
  time: 1_700_000_000_000 + rev
})

/** Appends entries of one action each; revisions go on from `rev`. */
export const appendMany = (store: BlockStore, tail: BlockId, rev: number, count: number): BlockId => {
  let end = tail
  for (let i = 1; i <= count; i++)
    end = append(store, hash, end, entryOf(rev + i, { actions: [actionOf(rev + i)] })).tail
  return end
}

/** A log of `count` entries with one action each. */
export const logOf = (count: number): { readonly log: LogEnds; readonly store: MapBlockStore } => {
  const store = new MapBlockStore()
  const { head, tail } = createLog(store)
  return { log: { head, tail: appendMany(store, tail, 0, count) }, store }
}

/** The violations of all pages of a check. */
export const verifyAll = (reader: BlockReader, { head, tail }: LogEnds, limit = 32): ReadonlyArray<string> => {
  let page = verifyLog(reader, hash, head, tail, { limit })
  const violations = [...page.violations]
  while (page.resume !== undefined) {
    page = verifyLog(reader, hash, head, tail, { after: page.resume, limit })
    violations.push(...page.violations)
  }
  return violations
}
