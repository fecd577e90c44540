/**
 * The project's own seeded generator. A seed found failing must replay for ever, so neither the algorithm nor the
 * order of draws inside a method may change: `test/random/Prng.test.ts` holds them to golden values.
 *
 * Numbers: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state. Seeding: four MurmurHash3 (x86, 32 bit) digests
 * of the UTF-16 code units of the seed's text, one per word of state, then some draws thrown away. Not for secrets.
 */

/** A stream of pseudo-random numbers; each draw advances it. */
export interface Prng {
  /** What the stream was made from: `make(prng.seed)` starts it again. */
  readonly seed: string
  /** A whole number, 0 ≤ n < 2^32. */
  nextUint32(): number
  /**
   * A whole number, 0 ≤ n < bound, each equally likely. Raises RangeError unless bound is whole and 1 ≤ bound < 2^53.
   */
  nextInt(bound: number): number
  /** A number with 53 random bits, 0 ≤ n < 1. */
  nextFloat(): number
  /** `count` random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer>
  /** One of the elements. Raises RangeError if there is none. */
  pick<A>(elements: ReadonlyArray<A>): A
  /** The elements in random order, as a new array. */
  shuffle<A>(elements: ReadonlyArray<A>): Array<A>
  /**
   * Another stream, `make(seed + "/" + label)`: it depends on the seed and the label only, not on what has been drawn
   * here, and draws nothing here. One label always gives the same stream.
   */
  fork(label: string): Prng
}

const TWO_POW_32 = 2 ** 32
const TWO_POW_53 = 2 ** 53
const HIGH_BITS = 2 ** 21
const DISCARDED_DRAWS = 16
const GOLDEN_RATIO = 0x9e3779b9

const rotateLeft = (word: number, by: number): number => (word << by) | (word >>> (32 - by))

/** MurmurHash3 x86_32, with one block per UTF-16 code unit. */
const murmur3 = (text: string, seed: number): number => {
  let hash = seed | 0
  for (let i = 0; i < text.length; i++) {
    const block = Math.imul(rotateLeft(Math.imul(text.charCodeAt(i), 0xcc9e2d51), 15), 0x1b873593)
    hash = (Math.imul(rotateLeft(hash ^ block, 13), 5) + 0xe6546b64) | 0
  }
  hash ^= text.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

class Sfc32 implements Prng {
  readonly seed: string
  private a: number
  private b: number
  private c: number
  private counter: number

  constructor(seed: string) {
    this.seed = seed
    this.a = murmur3(seed, 0)
    this.b = murmur3(seed, GOLDEN_RATIO)
    this.c = murmur3(seed, Math.imul(GOLDEN_RATIO, 2))
    this.counter = murmur3(seed, Math.imul(GOLDEN_RATIO, 3))
    for (let i = 0; i < DISCARDED_DRAWS; i++) this.nextUint32()
  }

  nextUint32(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (rotateLeft(this.c, 21) + sum) | 0
    return sum >>> 0
  }

  private nextUint53(): number {
    return (this.nextUint32() % HIGH_BITS) * TWO_POW_32 + this.nextUint32()
  }

  nextInt(bound: number): number {
    if (!Number.isSafeInteger(bound) || bound < 1) throw new RangeError(`No whole number lies in 0 ≤ n < ${bound}`)
    const wide = bound > TWO_POW_32
    const range = wide ? TWO_POW_53 : TWO_POW_32
    // Draws above the last whole multiple of the bound would favour small results.
    const fair = range - (range % bound)
    for (;;) {
      const draw = wide ? this.nextUint53() : this.nextUint32()
      if (draw < fair) return draw % bound
    }
  }

  nextFloat(): number {
    return this.nextUint53() / TWO_POW_53
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count)
    let word = 0
    for (let i = 0; i < count; i++) {
      word = i % 4 === 0 ? this.nextUint32() : word >>> 8
      bytes[i] = word
    }
    return bytes
  }

  pick<A>(elements: ReadonlyArray<A>): A {
    return elements[this.nextInt(elements.length)] as A
  }

  shuffle<A>(elements: ReadonlyArray<A>): Array<A> {
    const shuffled = elements.slice()
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.nextInt(i + 1)
      const element = shuffled[i] as A
      shuffled[i] = shuffled[j] as A
      shuffled[j] = element
    }
    return shuffled
  }

  fork(label: string): Prng {
    return new Sfc32(`${this.seed}/${label}`)
  }
}

/** The stream of a seed. A number is the same seed as its decimal text, so that a seed can come from a command line. */
export const make = (seed: number | string): Prng => new Sfc32(String(seed))
