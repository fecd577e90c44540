/**
 * A set of 64-bit hashes: open addressing in two typed arrays. What is in it was seen; states themselves are not kept. That two of
 * ten million states share a hash has a chance of 1 in 400,000, of forty million 1 in 20,000; twice that where transactions are alike.
 */
const FIRST_SLOTS = 2 ** 16
/** Fuller than this it doubles. */
const FULL = 0.6

export class Visited {
  size = 0
  #high = new Int32Array(FIRST_SLOTS)
  #low = new Int32Array(FIRST_SLOTS)

  /** Adds a hash; false where it was there. */
  add(high: number, low: number): boolean {
    if (!this.#insert(high, low === 0 && high === 0 ? 1 : low)) return false
    if (++this.size > FULL * this.#low.length) this.#double()
    return true
  }

  #insert(high: number, low: number): boolean {
    const highs = this.#high
    const lows = this.#low
    const mask = lows.length - 1
    let slot = (low ^ (high >>> 7)) & mask
    while (true) {
      const there = lows[slot]!
      if (there === 0 && highs[slot] === 0) break
      if (there === low && highs[slot] === high) return false
      slot = (slot + 1) & mask
    }
    highs[slot] = high
    lows[slot] = low
    return true
  }

  #double(): void {
    const highs = this.#high
    const lows = this.#low
    this.#high = new Int32Array(2 * highs.length)
    this.#low = new Int32Array(2 * lows.length)
    for (let slot = 0; slot < lows.length; slot++) {
      if (lows[slot] !== 0 || highs[slot] !== 0) this.#insert(highs[slot]!, lows[slot]!)
    }
  }
}
