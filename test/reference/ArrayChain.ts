import type { Json } from "../../schemas/Json.ts"

/** A chain, naively: an array. */
export class ArrayChain {
  readonly entries: Array<Json> = []

  add(...entries: ReadonlyArray<Json>): void {
    this.entries.push(...entries)
  }

  pop(count: number): ReadonlyArray<Json> {
    return this.entries.splice(Math.max(0, this.entries.length - count)).reverse()
  }

  dequeue(count: number): ReadonlyArray<Json> {
    return this.entries.splice(0, count)
  }

  select(from: number, limit: number, reverse: boolean): ReadonlyArray<Json> {
    const ordered = reverse ? this.entries.slice(0, from + 1).reverse() : this.entries.slice(from)
    return ordered.slice(0, limit)
  }
}
