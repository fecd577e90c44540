import type { BatchRun } from "../../../src/storage/BatchSequence.ts"
import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"
import type { Checkpoint } from "../../../src/storage/StoreRecords.ts"

/** The store behind a journal, in which records are looked up. It may lose what was not flushed. */
export interface JournalIndex {
  /** Applies the operations of batches, all or nothing, and notes which batches they are of. Nothing need be durable. */
  readonly apply: (operations: ReadonlyArray<JournalOperation>, run: BatchRun) => Promise<void>
  /** Makes everything durable that was applied before, or fails. */
  readonly flush: () => Promise<void>
  /** Sets the checkpoint, durably. */
  readonly setCheckpoint: (checkpoint: Checkpoint) => Promise<void>
  /** Starts anew after a failure. What was not flushed may be missing then. */
  readonly reopen: () => Promise<void>
}
