import {
  SPACES,
  type Space,
  type StorageKey,
  type StorageRange,
  type StorageRecord,
  type StorageWrite
} from "../../services/RawStorage.ts"

const compareTexts = (left: string, right: string): number => {
  const leftPoints = Array.from(left, (character) => character.codePointAt(0)!)
  const rightPoints = Array.from(right, (character) => character.codePointAt(0)!)
  for (let index = 0; index < Math.min(leftPoints.length, rightPoints.length); index++) {
    const difference = leftPoints[index]! - rightPoints[index]!
    if (difference !== 0) return difference
  }
  return leftPoints.length - rightPoints.length
}

const compareNames = (left: string | number, right: string | number): number => {
  if (typeof left === "number" && typeof right === "number") return left - right
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right)
  return typeof left === "number" ? -1 : 1
}

/** The order of storage keys, said as plainly as it can be: part by part, texts by code point, numbers before texts. */
export const compareKeys = (left: StorageKey, right: StorageKey): number =>
  SPACES.indexOf(left[0]) - SPACES.indexOf(right[0]) ||
  compareTexts(left[1], right[1]) ||
  compareTexts(left[2], right[2]) ||
  compareNames(left[3], right[3])

/** What a storage is compared with: an array of records that is sorted after every write and searched from end to end. */
export class SortedMap {
  #records: ReadonlyArray<StorageRecord> = []

  get(key: StorageKey): string | undefined {
    return this.#records.find((record) => compareKeys(record.key, key) === 0)?.value
  }

  range({ block, from, kind, limit, reverse, space, to }: StorageRange): ReadonlyArray<StorageRecord> {
    const found = this.#records.filter(
      ({ key }) =>
        key[0] === space &&
        key[1] === block &&
        key[2] === kind &&
        (from === undefined || compareNames(key[3], from) >= 0) &&
        (to === undefined || compareNames(key[3], to) <= 0)
    )
    return (reverse === true ? found.toReversed() : found).slice(0, limit)
  }

  blocks(space: Space, { after, limit }: { readonly after?: string; readonly limit: number }): ReadonlyArray<string> {
    const blocks = this.#records.filter(({ key }) => key[0] === space).map(({ key }) => key[1])
    const distinct = blocks.filter((block, index) => blocks.indexOf(block) === index)
    return distinct.filter((block) => after === undefined || compareTexts(block, after) > 0).slice(0, limit)
  }

  write(batch: ReadonlyArray<StorageWrite>): void {
    for (const write of batch) {
      const others = this.#records.filter((record) => compareKeys(record.key, write.key) !== 0)
      const written = write.type === "put" ? [{ key: write.key, value: write.value }] : []
      this.#records = [...others, ...written].sort((left, right) => compareKeys(left.key, right.key))
    }
  }
}
