/**
 * A cache bounded by the weight of its values: two generations. What is used lives in the young one; when that is full, at
 * half of the bound, it becomes the old one, and what was not used since is dropped. A value heavier than that is not kept.
 * A hit costs one look-up.
 */
export class BoundedCache<K, V> {
  readonly #bound: number
  readonly #weigh: (value: V) => number
  #young = new Map<K, V>()
  #old = new Map<K, V>()
  #youngWeight = 0

  constructor(bound: number, weigh: (value: V) => number) {
    this.#bound = bound
    this.#weigh = weigh
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key)
    if (value !== undefined) return value
    const kept = this.#old.get(key)
    if (kept !== undefined) {
      this.#old.delete(key)
      this.set(key, kept)
    }
    return kept
  }

  set(key: K, value: V): void {
    const weight = this.#weigh(value)
    const before = this.#young.get(key)
    const others = before === undefined ? this.#youngWeight : this.#youngWeight - this.#weigh(before)
    if ((others + weight) * 2 > this.#bound) {
      this.delete(key)
      if (weight * 2 > this.#bound) return
      this.#old = this.#young
      this.#young = new Map()
      this.#youngWeight = weight
    } else {
      if (before === undefined && this.#old.size > 0) this.#old.delete(key)
      this.#youngWeight = others + weight
    }
    // In its place, if it has one: a map that takes a key out to put it in again grows, and is made anew each time it is full.
    this.#young.set(key, value)
  }

  delete(key: K): void {
    const value = this.#young.get(key)
    if (value !== undefined) {
      this.#young.delete(key)
      this.#youngWeight -= this.#weigh(value)
    }
    this.#old.delete(key)
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
    this.#youngWeight = 0
  }

  /** How many values are held. */
  get size(): number {
    return this.#young.size + this.#old.size
  }
}
