import type { Prng } from "../src/random/Prng.ts"

/** Things that could run next, and the policy that picks one of them. */
export interface RunQueue<A> {
  readonly size: number
  add(item: A): void
  /** Removes and returns the pick, or undefined if there is none. */
  take(): A | undefined
}

/** Below this many consumed places the array is not worth compacting. */
const COMPACT_FROM = 1024

/** First in, first out. */
export class FifoQueue<A> implements RunQueue<A> {
  private items: Array<A> = []
  private head = 0

  get size(): number {
    return this.items.length - this.head
  }

  add(item: A): void {
    this.items.push(item)
  }

  take(): A | undefined {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head++]
    if (this.head >= COMPACT_FROM && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head)
      this.head = 0
    }
    return item
  }
}

/** Any of the waiting, each equally likely. */
export class RandomQueue<A> implements RunQueue<A> {
  private readonly items: Array<A> = []
  private readonly prng: Prng

  constructor(prng: Prng) {
    this.prng = prng
  }

  get size(): number {
    return this.items.length
  }

  add(item: A): void {
    this.items.push(item)
  }

  take(): A | undefined {
    if (this.items.length === 0) return undefined
    const index = this.prng.nextInt(this.items.length)
    const item = this.items[index]
    const last = this.items.pop() as A
    if (index < this.items.length) this.items[index] = last
    return item
  }
}
