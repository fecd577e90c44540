import { LimitExceeded } from "../../schemas/Errors.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import * as Slot from "../encoding/Slot.ts"

/** How much a block takes: so many items, and so many bytes as the sum of their canonical sizes. */
export interface Capacity {
  readonly bytes: number
  readonly count: number
}

const bytesOf = Slot.make<ReadonlyArray<unknown>, number>()

/** The sum of the canonical sizes of items, without what stands between them. Made once per array. */
export const itemsBytes = (items: ReadonlyArray<unknown>): number => {
  const known = bytesOf.get(items)
  if (known !== undefined) return known
  const bytes = items.reduce((sum: number, item) => sum + sizeBytes(item), 0)
  bytesOf.set(items, bytes)
  return bytes
}

/**
 * Splits items into runs that each fill one block, greedily and in order. The first run is what still goes beside the
 * items already `held`, and may be empty; the others are not. An item that no block could take raises
 * {@link LimitExceeded}, with `what` as its name.
 */
export const pack = <T>(
  what: string,
  items: ReadonlyArray<T>,
  capacity: Capacity,
  held: ReadonlyArray<T> = []
): Array<Array<T>> => {
  let run: Array<T> = []
  const runs = [run]
  let count = held.length
  let bytes = itemsBytes(held)
  for (const item of items) {
    const size = sizeBytes(item)
    if (size > capacity.bytes) {
      throw new LimitExceeded({ actual: size, limit: capacity.bytes, what: `${what}, in bytes of JSON,` })
    }
    if (count >= capacity.count || bytes + size > capacity.bytes) {
      run = []
      runs.push(run)
      count = 0
      bytes = 0
    }
    run.push(item)
    count += 1
    bytes += size
  }
  return runs
}
