import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { StorageWrite } from "../../services/RawStorage.ts"
import { keys, removed } from "./records.ts"

/** A revision that is stored whole, and those after it that are stored as changes, oldest first: kept or dropped together. */
export type RevisionRun = readonly [whole: Rev, ...since: ReadonlyArray<Rev>]

/** What is still stored of the revisions of a block before its present run. */
export interface Kept {
  /** The runs, oldest first. Only noted while a policy bounds them. */
  readonly older?: ReadonlyArray<RevisionRun>
  /** The content of revisions below this one was dropped. */
  readonly keptFrom?: Rev
}

/** What is kept from now on, and what it takes to drop the rest. */
export interface Retention {
  readonly kept: Kept
  readonly writes: ReadonlyArray<StorageWrite>
}

const lengthOf = (runs: ReadonlyArray<RevisionRun>): number => runs.reduce((total, run) => total + run.length, 0)

const removalOf = (id: BlockId, run: RevisionRun): ReadonlyArray<StorageWrite> => [
  removed(keys.whole(id, run[0])),
  ...run.map((rev) => removed(keys.change(id, rev)))
]

/**
 * What of a block to keep: its present run, and as many runs before it as it takes for `atLeast` revisions. `ended` is the run
 * that the present one follows, where it is new. Without `atLeast` everything is kept from now on.
 */
export const retain = (
  id: BlockId,
  before: Kept,
  ended: RevisionRun | undefined,
  present: RevisionRun,
  atLeast: number | undefined
): Retention => {
  const keptFrom = before.keptFrom === undefined ? {} : { keptFrom: before.keptFrom }
  if (atLeast === undefined) return { kept: keptFrom, writes: [] }
  const runs = [...(before.older ?? []), ...(ended === undefined ? [] : [ended])]
  let total = lengthOf(runs) + present.length
  let dropped = 0
  for (const run of runs) {
    if (total - run.length < atLeast) break
    total -= run.length
    dropped += 1
  }
  const older = runs.slice(dropped)
  const [first] = older[0] ?? present
  return {
    kept: { older, ...(dropped === 0 ? keptFrom : { keptFrom: first }) },
    writes: runs.slice(0, dropped).flatMap((run) => removalOf(id, run))
  }
}
