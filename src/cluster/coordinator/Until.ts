import { BoundedCache } from "../../block/BoundedCache.ts"

/** Keys of which something holds until a time, in milliseconds. What was said longest ago is forgotten where it is too much. */
export class Until<Key> {
  readonly #times: BoundedCache<Key, number>

  constructor(maxKeys: number) {
    this.#times = new BoundedCache(maxKeys, () => 1)
  }

  /** It holds of a key until then. */
  set(key: Key, untilMillis: number): void {
    this.#times.set(key, untilMillis)
  }

  /** Whether it holds of a key. */
  has(key: Key, nowMillis: number): boolean {
    return (this.#times.get(key) ?? nowMillis) > nowMillis
  }

  /** Whether it may hold of a key: for those who do not know what time it is. */
  mayHave(key: Key): boolean {
    return this.#times.get(key) !== undefined
  }
}
