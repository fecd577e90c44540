import type { PeerId } from "../../schemas/Ids.ts"
import { bitOf, compareDistance, comparePoints, POINT_BITS, type Point } from "./Point.ts"

/** A peer at its point. */
export interface Placed {
  readonly peer: PeerId
  readonly point: Point
}

/** So few are sorted rather than told apart bit by bit. */
const FEW = 8

/** The order of the key space; of peers at one point, by their ids: all nodes are to agree. */
const compare = (a: Placed, b: Placed): number =>
  comparePoints(a.point, b.point) || (a.peer < b.peer ? -1 : a.peer > b.peer ? 1 : 0)

/**
 * Peers in the order of their points, as a binary trie that is not built: those that share some leading bits are neighbours in the
 * order, so that a branch is two indices. Who is closest takes O(log² peers + count).
 */
export class KeySpace {
  readonly #placed: Array<Placed>

  constructor(placed: Iterable<Placed> = []) {
    this.#placed = [...placed].sort(compare)
  }

  get size(): number {
    return this.#placed.length
  }

  /** In the order of their points. */
  get all(): ReadonlyArray<Placed> {
    return this.#placed
  }

  add(placed: Placed): void {
    const at = this.#indexOf(placed)
    if (this.#placed[at]?.peer !== placed.peer) this.#placed.splice(at, 0, placed)
  }

  delete(placed: Placed): void {
    const at = this.#indexOf(placed)
    if (this.#placed[at]?.peer === placed.peer) this.#placed.splice(at, 1)
  }

  /** The peers closest to a point, at most `count`, closest first. */
  nearest(point: Point, count: number): ReadonlyArray<Placed> {
    const found: Array<Placed> = []
    this.#collect(point, count, 0, this.#placed.length, 0, found)
    return found
  }

  /** Where those stand in the order that share some leading bits with a point: from the first index, up to the second. */
  sharing(point: Point, bits: number): readonly [from: number, to: number] {
    let from = 0
    let to = this.#placed.length
    for (let bit = 0; bit < bits && from < to; bit++) {
      const split = this.#split(from, to, bit)
      if (bitOf(point, bit) === 0) to = split
      else from = split
    }
    return [from, to]
  }

  #collect(point: Point, count: number, from: number, to: number, bit: number, found: Array<Placed>): void {
    if (from >= to || found.length >= count) return
    if (to - from <= FEW || bit === POINT_BITS) {
      const few = this.#placed.slice(from, to)
      if (few.length > 1) few.sort((a, b) => compareDistance(point, a.point, b.point) || compare(a, b))
      for (const placed of few) {
        if (found.length >= count) return
        found.push(placed)
      }
      return
    }
    const split = this.#split(from, to, bit)
    const isLow = bitOf(point, bit) === 0
    this.#collect(point, count, isLow ? from : split, isLow ? split : to, bit + 1, found)
    this.#collect(point, count, isLow ? split : from, isLow ? to : split, bit + 1, found)
  }

  /** Of those that share the bits before it, the first index at which a bit is set. */
  #split(from: number, to: number, bit: number): number {
    let low = from
    let high = to
    while (low < high) {
      const middle = (low + high) >>> 1
      if (bitOf(this.#placed[middle]!.point, bit) === 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #indexOf(placed: Placed): number {
    let low = 0
    let high = this.#placed.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(this.#placed[middle]!, placed) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
