/**
 * What to do with a journal that was not closed cleanly.
 *
 * The index behind a journal may have lost anything since the last checkpoint: its own log is neither synced nor to be
 * trusted. The journal may be damaged too. The rule: what the journal holds without a gap from the checkpoint up to the last
 * batch is applied again, in order; that is right over any state of the index that holds all before the run. Nothing older is: a
 * process that ended in the middle of it would leave an index that lacks what it is known to hold. What lies at or before the last
 * gap in the journal must be in the index by the index's own account, batch by batch; else it is lost. Frames before such a
 * gap are not applied: they would bring back values that the missing frame had overwritten.
 */
import * as BatchSequence from "./BatchSequence.ts"
import type { JournalOperation } from "./JournalFrame.ts"
import * as JournalScan from "./JournalScan.ts"

/** What an index says itself of the batches since its checkpoint. */
export interface IndexAccount {
  /** The runs of batches that entered it, as far as it can prove that. */
  readonly runs: ReadonlyArray<BatchSequence.BatchRun>
  /** Parts of batches up to this one may be in it; 0 for an index of which no part of a batch can be without the others. */
  readonly begun: number
}

/** What is known of a store when it is opened. */
export interface JournalEvidence {
  /** Batches up to this one are in the index, durably. */
  readonly checkpoint: number
  readonly index: IndexAccount
  readonly scan: JournalScan.JournalFrames
}

/** Batches to apply again, after which the index holds all up to `last`; or batches that are nowhere. */
export type JournalRecovery =
  | {
      readonly _tag: "Replay"
      readonly batches: ReadonlyArray<readonly [sequence: number, operations: ReadonlyArray<JournalOperation>]>
      readonly last: number
      /** The index has those up to this one, by its own account. */
      readonly held: number
      /** Whether the index has later ones, too: it lost what lies between. */
      readonly hasGap: boolean
      /** The number of a batch whose write had begun, and which is dropped. */
      readonly torn: number | undefined
    }
  | { readonly _tag: "Lost"; readonly missing: BatchSequence.MissingBatches }

const maximum = (numbers: Iterable<number>, least: number): number => {
  let highest = least
  for (const number of numbers) highest = Math.max(highest, number)
  return highest
}

/** Decides what to replay, from what is known. */
export const recover = ({ checkpoint, index, scan }: JournalEvidence): JournalRecovery => {
  const indexed = index.runs
  const newest = maximum(
    indexed.map((run) => run.last),
    Math.max(checkpoint, index.begun)
  )
  const last = maximum(scan.frames.keys(), newest)
  const run = JournalScan.runUpTo(scan, checkpoint, last)
  const gap = last - run.length // the last number after the checkpoint that is not in the journal, or else that itself
  const required = { first: checkpoint + 1, last: gap }
  const notIndexed = BatchSequence.missing(required, indexed)
  if (notIndexed !== undefined) {
    const journaled = Array.from(scan.frames.keys(), (n) => ({ first: n, last: n }))
    // What is nowhere is to blame; where journal and index lost different ones, what the index lost.
    return { _tag: "Lost", missing: BatchSequence.missing(required, [...indexed, ...journaled]) ?? notIndexed }
  }
  // A batch is only written once the one before it is durable: of all that left a trace, the last alone may be torn.
  const traced = BatchSequence.missing({ first: last + 1, last: scan.highest - 1 }, [])
  if (traced !== undefined) return { _tag: "Lost", missing: traced }
  const firstMissing = BatchSequence.missing({ first: checkpoint + 1, last }, indexed)?.numbers[0]
  const held = firstMissing === undefined ? last : firstMissing - 1
  const hasGap = indexed.some((run) => run.last > held)
  return { _tag: "Replay", batches: run, hasGap, held, last, torn: scan.highest > last ? scan.highest : undefined }
}
