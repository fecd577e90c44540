import type { Space, StorageRange } from "../../../services/RawStorage.ts"
import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"
import * as StorageKeyCodec from "../../../src/storage/StorageKeyCodec.ts"

/** A batch that is in a journal, but not yet in the index behind it. */
export interface UnindexedBatch {
  readonly sequence: number
  readonly operations: ReadonlyArray<JournalOperation>
}

/** What batches make of a space that an index has without them. */
export interface SpaceChanges {
  /** The blocks that have a record. */
  readonly blocks: ReadonlySet<string>
  /** The encoded keys of records that are gone. */
  readonly deleted: ReadonlySet<string>
}

/** The batches that are in a journal, but not yet in the index behind it: in order, and as what they make of each key. */
export class Unindexed {
  /** By the group of the key: a range is of one group, and is asked for more often than there are changes in it. */
  readonly #latest = new Map<string, Map<string, JournalOperation>>()
  readonly #batches: Array<UnindexedBatch> = []
  #staged = 0

  /** How many batches there are. */
  get batches(): number {
    return this.#batches.length
  }

  /** The latest operation on a key. */
  get(key: string): JournalOperation | undefined {
    return this.#latest.get(StorageKeyCodec.groupOf(key))?.get(key)
  }

  /** Whether any operation is on a key in a range. */
  isIn(range: StorageRange): boolean {
    const { highest, lowest } = StorageKeyCodec.rangeInterval(range)
    for (const key of this.#latest.get(StorageKeyCodec.groupOf(lowest))?.keys() ?? []) {
      if (lowest <= key && key <= highest) return true
    }
    return false
  }

  /** What the operations make of a space. */
  changesOf(space: Space): SpaceChanges {
    const blocks = new Set<string>()
    const deleted = new Set<string>()
    for (const [group, operations] of this.#latest) {
      const place = StorageKeyCodec.decodeGroup(group)
      if (place?.space !== space) continue
      for (const { key, value } of operations.values()) {
        if (value === undefined) deleted.add(key)
        else blocks.add(place.block)
      }
    }
    return { blocks, deleted }
  }

  /** Adds the batch that follows the last one. */
  add(batch: UnindexedBatch): void {
    this.#batches.push(batch)
    for (const operation of batch.operations) {
      const group = StorageKeyCodec.groupOf(operation.key)
      const operations = this.#latest.get(group)
      if (operations === undefined) this.#latest.set(group, new Map([[operation.key, operation]]))
      else operations.set(operation.key, operation)
    }
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
        const group = StorageKeyCodec.groupOf(operation.key)
        const latest = this.#latest.get(group)
        if (latest?.get(operation.key) === operation) latest.delete(operation.key)
        if (latest?.size === 0) this.#latest.delete(group)
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
