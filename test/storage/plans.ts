/** Plans as tests look at them: what they do to a store. */
import type { StorageKey, StorageWrite } from "../../services/RawStorage.ts"
import type { Plan } from "../../src/storage/Plan.ts"

/** The records that writes leave, by their keys as text. */
export const recordsAfter = (...batches: ReadonlyArray<ReadonlyArray<StorageWrite>>): Map<string, unknown> => {
  const records = new Map<string, unknown>()
  for (const write of batches.flat()) {
    if (write.type === "put") records.set(textOf(write.key), JSON.parse(write.value))
    else records.delete(textOf(write.key))
  }
  return records
}

/** The keys that a plan writes, without those it deletes. */
export const keysPut = (plan: Plan<unknown>): ReadonlyArray<string> =>
  plan.writes.filter(({ type }) => type === "put").map(({ key }) => textOf(key))

export const textOf = (key: StorageKey): string => key.join("/")
