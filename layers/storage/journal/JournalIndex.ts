import type { BatchRun } from "../../../src/storage/BatchSequence.ts"
import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"
import type { Checkpoint } from "../../../src/storage/StoreRecords.ts"

/** Operations of batches that enter the index together. */
export interface IndexStep {
  /** Adds the operations of the next batch. */
  readonly add: (operations: ReadonlyArray<JournalOperation>) => void
  /** Applies what was added, all or nothing, and notes which batches it is of. It need not be durable. */
  readonly commit: (run: BatchRun) => Promise<void>
  /** Forgets what was added. */
  readonly discard: () => Promise<void>
}

/** The store behind a journal, in which records are looked up. It may lose what was not flushed. */
export interface JournalIndex {
  /** Begins a step. Several may be open, and are committed in the order of their batches. */
  readonly begin: () => IndexStep
  /** Makes everything durable that was applied before, or fails. */
  readonly flush: () => Promise<void>
  /** Sets the checkpoint, durably. */
  readonly setCheckpoint: (checkpoint: Checkpoint) => Promise<void>
  /**
   * Fails where {@link reopen} would, for want of room on the disk: it is better left alone then, for it can still be read. An
   * index that needs none has no such check.
   */
  readonly checkRoom?: () => Promise<void>
  /** Starts anew after a failure. What was not flushed may be missing then. */
  readonly reopen: () => Promise<void>
  /**
   * Whether it can be read while it is started anew, and if that fails: nothing is missing to a reader then, though perhaps
   * after a loss of power.
   */
  readonly staysReadable?: boolean
}

/** Brings operations into an index in one step. */
export const applyTo = async (
  index: JournalIndex,
  operations: ReadonlyArray<JournalOperation>,
  run: BatchRun
): Promise<void> => {
  const step = index.begin()
  step.add(operations)
  await step.commit(run)
}
