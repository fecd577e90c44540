/** The actions of a log, counted through from 0 over all its entries. */
import type { Action, LogEntry } from "../../schemas/Collection.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { actionCount, type HashText, readLogBlock, totals } from "./LogBlock.ts"
import { nextBlock, seek } from "./LogLinks.ts"
import { resolve } from "./Payload.ts"

/** Which actions to read: from an index (default: the first, or in reverse the last), at most `limit`. */
export interface ActionSelection {
  readonly from?: number
  readonly limit: number
  readonly reverse?: boolean
}

/** Successive actions of one entry, not yet resolved: `count` from its action `offset`, which is action `first` of the log. */
export interface ActionRun {
  readonly count: number
  readonly entry: LogEntry
  readonly first: number
  readonly offset: number
  readonly reverse: boolean
}

/** An action, its index in the log, and the revision and time (milliseconds) of its transaction. */
export interface LoggedAction {
  readonly action: Action
  readonly index: number
  readonly rev: Rev
  readonly time: number
}

/** A page of actions as runs, in the order asked for. Reads O(log n) blocks, and those with the answer. */
export const actionPage = (
  reader: BlockReader,
  tail: BlockId,
  selection: ActionSelection
): ReadonlyArray<ActionRun> => {
  const total = totals(readLogBlock(reader, tail)).actions
  const { limit, reverse = false } = selection
  const from = Math.max(selection.from ?? (reverse ? total - 1 : 0), reverse ? -1 : 0)
  const end = Math.min(total, reverse ? from + 1 : from + limit)
  const start = reverse ? Math.max(0, end - limit) : from
  const runs = runsBetween(reader, tail, start, end, reverse)
  return reverse ? runs.reverse() : runs
}

const runsBetween = (
  reader: BlockReader,
  tail: BlockId,
  start: number,
  end: number,
  reverse: boolean
): Array<ActionRun> => {
  const runs: Array<ActionRun> = []
  if (start >= end) return runs
  let at = start
  let block = seek(reader, tail, "actions", at)
  while (true) {
    let index = block.checkpoint.actions
    for (const entry of block.entries) {
      const offset = at - index
      const count = Math.min(end - at, actionCount(entry) - offset)
      index += actionCount(entry)
      if (count <= 0) continue
      runs.push({ count, entry, first: at, offset, reverse })
      at += count
    }
    if (at >= end) return runs
    block = nextBlock(reader, block)
    // Entries need not have actions; any number of blocks without is passed over at once.
    if (totals(block).actions === at) block = seek(reader, tail, "actions", at)
  }
}

/** Where an action stands: a run of one, or undefined where the log has no such index. O(log n) block reads. */
export const findByAction = (reader: BlockReader, tail: BlockId, index: number): ActionRun | undefined =>
  index < 0 ? undefined : actionPage(reader, tail, { from: index, limit: 1 })[0]

/** What was resolved and checked: a page of a large entry must not read and hash all of it again. */
const resolved = new WeakMap<LogEntry, ReadonlyArray<Action>>()

/** The actions of a run in its order, from its entry or from payload blocks. Raises `CorruptBlock`. */
export const resolveRun = (reader: BlockReader, hash: HashText, run: ActionRun): ReadonlyArray<LoggedAction> => {
  const { entry } = run
  const all = resolved.get(entry) ?? resolve(reader, hash, entry)
  if (entry.payload !== undefined) resolved.set(entry, all)
  const { rev, time } = entry
  const actions = all
    .slice(run.offset, run.offset + run.count)
    .map((action, i): LoggedAction => ({ action, index: run.first + i, rev, time }))
  return run.reverse ? actions.reverse() : actions
}
