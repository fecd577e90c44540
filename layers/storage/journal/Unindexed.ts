import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"

/** A batch that is in a journal, but not yet in the index behind it. */
export interface UnindexedBatch {
  readonly sequence: number
  readonly operations: ReadonlyArray<JournalOperation>
}

/** The batches that are in a journal, but not yet in the index behind it: in order, and as what they make of each key. */
export class Unindexed {
  readonly #latest = new Map<string, JournalOperation>()
  readonly #batches: Array<UnindexedBatch> = []
  #staged = 0

  /** How many batches there are. */
  get batches(): number {
    return this.#batches.length
  }

  /** The latest operation on a key. */
  get(key: string): JournalOperation | undefined {
    return this.#latest.get(key)
  }

  /** Adds the batch that follows the last one. */
  add(batch: UnindexedBatch): void {
    this.#batches.push(batch)
    for (const operation of batch.operations) this.#latest.set(operation.key, operation)
  }

  /** The next batch that was not staged before, which is staged now. */
  stage(): UnindexedBatch | undefined {
    const batch = this.#batches[this.#staged]
    if (batch !== undefined) this.#staged += 1
    return batch
  }

  /** None is staged any more. */
  unstage(): void {
    this.#staged = 0
  }

  /** Drops the first batches, which are these. A key that a later batch changed stays. */
  drop(batches: ReadonlyArray<UnindexedBatch>): void {
    this.#batches.splice(0, batches.length)
    this.#staged = Math.max(0, this.#staged - batches.length)
    for (const { operations } of batches) {
      for (const operation of operations) {
        if (this.#latest.get(operation.key) === operation) this.#latest.delete(operation.key)
      }
    }
  }
}

/** What is left of the operations of batches if each key is changed once, in no particular order. */
export const latestOperations = (
  batches: ReadonlyArray<{ readonly operations: ReadonlyArray<JournalOperation> }>
): ReadonlyArray<JournalOperation> => {
  if (batches.length === 1) return batches[0]!.operations
  const latest = new Map<string, JournalOperation>()
  for (const { operations } of batches) {
    for (const operation of operations) latest.set(operation.key, operation)
  }
  return [...latest.values()]
}
