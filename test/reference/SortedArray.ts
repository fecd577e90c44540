import type { Json } from "../../schemas/Json.ts"

/** The model of a B+tree: two parallel arrays in key order. */
export class SortedArray {
  readonly keys: Array<Json> = []
  readonly entries: Array<Json> = []
  readonly #compare: (a: Json, b: Json) => number

  constructor(compare: (a: Json, b: Json) => number) {
    this.#compare = compare
  }

  /** How many keys are below the given one; with `orEqual`, how many are not above it. */
  rank(key: Json, orEqual = false): number {
    let low = 0
    let high = this.keys.length
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const order = this.#compare(this.keys[middle]!, key)
      if (order < 0 || (orEqual && order === 0)) low = middle + 1
      else high = middle
    }
    return low
  }

  has(key: Json): boolean {
    return this.rank(key) < this.rank(key, true)
  }

  get(key: Json): Json | undefined {
    return this.has(key) ? this.entries[this.rank(key)] : undefined
  }

  set(key: Json, entry: Json): Json | undefined {
    const index = this.rank(key)
    if (this.has(key)) return this.entries.splice(index, 1, entry)[0]
    this.keys.splice(index, 0, key)
    this.entries.splice(index, 0, entry)
    return undefined
  }

  remove(key: Json): Json | undefined {
    if (!this.has(key)) return undefined
    const index = this.rank(key)
    this.keys.splice(index, 1)
    return this.entries.splice(index, 1)[0]
  }

  /** The first and the behind-the-last index of the keys between two bounds. */
  range(bounds: {
    readonly from?: Json
    readonly fromExclusive?: boolean
    readonly to?: Json
    readonly toExclusive?: boolean
  }): readonly [start: number, end: number] {
    const start = bounds.from === undefined ? 0 : this.rank(bounds.from, bounds.fromExclusive === true)
    const end = bounds.to === undefined ? this.keys.length : this.rank(bounds.to, bounds.toExclusive !== true)
    return [start, Math.max(start, end)]
  }
}
