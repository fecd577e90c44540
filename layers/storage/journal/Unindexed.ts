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
  #operations = 0

  /** How many batches there are. */
  get batches(): number {
    return this.#batches.length
  }

  /** How many operations there are. */
  get operations(): number {
    return this.#operations
  }

  /** The latest operation on a key. */
  get(key: string): JournalOperation | undefined {
    return this.#latest.get(key)
  }

  /** Adds the batch that follows the last one. */
  add(batch: UnindexedBatch): void {
    this.#batches.push(batch)
    this.#operations += batch.operations.length
    for (const operation of batch.operations) this.#latest.set(operation.key, operation)
  }

  /** The first batches, at least one, and no more once they have so many operations. They stay. */
  first(maxOperations: number): ReadonlyArray<UnindexedBatch> {
    let operations = 0
    let count = 0
    while (count < this.#batches.length && operations < maxOperations) {
      operations += this.#batches[count]!.operations.length
      count += 1
    }
    return this.#batches.slice(0, count)
  }

  /** Drops batches that {@link first} gave. A key that a later batch changed stays. */
  drop(batches: ReadonlyArray<UnindexedBatch>): void {
    this.#batches.splice(0, batches.length)
    for (const { operations } of batches) {
      this.#operations -= operations.length
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
