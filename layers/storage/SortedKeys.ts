/** Keys of a chunk before it is split in two. */
const CHUNK_CAPACITY = 512

/** The place of the first key that is not below `key`, in a sorted array. */
const lowerBound = (keys: ReadonlyArray<string>, key: string): number => {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keys[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * A sorted set of texts, as a list of sorted chunks: adding and deleting cost two binary searches and a move within one
 * chunk; reading a range costs its length.
 */
export class SortedKeys {
  /** Never empty chunks, in order. */
  readonly #chunks: Array<Array<string>> = []

  /** A set of these keys, in any order, each once. */
  constructor(keys: Iterable<string> = []) {
    const sorted = Array.from(keys).sort()
    for (let start = 0; start < sorted.length; start += CHUNK_CAPACITY) {
      this.#chunks.push(sorted.slice(start, start + CHUNK_CAPACITY))
    }
  }

  /** Adds a key that is not in the set. */
  add(key: string): void {
    // A key above all others goes into the last chunk.
    const index = Math.min(this.#chunkOf(key), this.#chunks.length - 1)
    const chunk = this.#chunks[index]
    if (chunk === undefined) {
      this.#chunks.push([key])
      return
    }
    const isLast = key > chunk.at(-1)!
    if (isLast) chunk.push(key)
    else chunk.splice(lowerBound(chunk, key), 0, key)
    // Keys that arrive in order leave full chunks behind them, others two halves.
    if (chunk.length > CHUNK_CAPACITY) {
      this.#chunks.splice(index + 1, 0, chunk.splice(isLast ? CHUNK_CAPACITY : CHUNK_CAPACITY >>> 1))
    }
  }

  /** Deletes a key, if it is there. */
  delete(key: string): void {
    const index = this.#chunkOf(key)
    const chunk = this.#chunks[index]
    if (chunk === undefined) return
    const place = lowerBound(chunk, key)
    if (chunk[place] !== key) return
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(index, 1)
  }

  /** The keys from `lowest` up to `highest`, both included, at most `limit`. */
  ascending(lowest: string, highest: string, limit: number): Array<string> {
    const found: Array<string> = []
    for (let index = this.#chunkOf(lowest); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index]!
      for (let place = lowerBound(chunk, lowest); place < chunk.length; place++) {
        if (found.length >= limit || chunk[place]! > highest) return found
        found.push(chunk[place]!)
      }
    }
    return found
  }

  /** The keys from `highest` down to `lowest`, both included, at most `limit`. */
  descending(lowest: string, highest: string, limit: number): Array<string> {
    const found: Array<string> = []
    for (let index = Math.min(this.#chunkOf(highest), this.#chunks.length - 1); index >= 0; index--) {
      const chunk = this.#chunks[index]!
      const bound = lowerBound(chunk, highest)
      for (let place = chunk[bound] === highest ? bound : bound - 1; place >= 0; place--) {
        if (found.length >= limit || chunk[place]! < lowest) return found
        found.push(chunk[place]!)
      }
    }
    return found
  }

  /** The index of the first chunk whose last key is not below `key`; the number of chunks where there is none. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]!.at(-1)! < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
