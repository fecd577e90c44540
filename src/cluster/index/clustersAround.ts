import type { Placed } from "../../network/KeySpace.ts"
import { KeySpace } from "../../network/KeySpace.ts"
import { bitOf, POINT_BITS } from "../../network/Point.ts"

/** More clusters than this, of a peer that others crowd around on purpose, are not told apart. */
const MAX_CLUSTERS = 4_096

/**
 * The clusters that a peer comes to share with others: for every place of the key space to which it is one of the `size` + 1 closest,
 * the `size` others that are closest. One more than it is to keep counts, so that one who goes leaves no gap. All others where they are
 * no more than that; undefined where there are too many clusters.
 *
 * Only the group of peers that the bound runs through is ever divided: those that are closer are closest wherever else the place is.
 * So a cluster is found for each way through the trie of peers, and not for each of 2^128 places.
 */
export const clustersAround = (
  own: Placed,
  others: Iterable<Placed>,
  size: number
): ReadonlyArray<ReadonlyArray<Placed>> | undefined => {
  const space = new KeySpace([own, ...others])
  const { all } = space
  if (all.length <= size + 1) return all.length > 1 ? [withoutPeer(all, own)] : []
  const found = new Map<string, ReadonlyArray<Placed>>()
  let ways = 0

  /** `closer`: all of those are among the closest. `from` to `to`: of those only some are, all of which share the bits before `bit`. */
  const divide = (closer: ReadonlyArray<Placed>, from: number, to: number, bit: number): void => {
    if (ways > MAX_CLUSTERS) return
    const needed = size + 1 - closer.length
    if (to - from === needed || bit === POINT_BITS) {
      const closest = [...closer, ...all.slice(from, from + needed)]
      if (!closest.some(({ peer }) => peer === own.peer)) return
      ways++
      const cluster = withoutPeer(closest, own)
      found.set(
        cluster
          .map(({ peer }) => peer)
          .toSorted()
          .join(),
        cluster
      )
      return
    }
    const isOwnIn = closer.some(({ peer }) => peer === own.peer)
    if (!isOwnIn && !all.slice(from, to).some(({ peer }) => peer === own.peer)) return
    const split = splitOf(all, from, to, bit)
    if (split === from || split === to) divide(closer, from, to, bit + 1)
    else {
      for (const [near, nearEnd, far, farEnd] of [
        [from, split, split, to],
        [split, to, from, split]
      ] as const) {
        if (nearEnd - near >= needed) divide(closer, near, nearEnd, bit + 1)
        else divide([...closer, ...all.slice(near, nearEnd)], far, farEnd, bit + 1)
      }
    }
  }
  divide([], 0, all.length, 0)
  return ways > MAX_CLUSTERS ? undefined : [...found.values()]
}

const withoutPeer = (placed: ReadonlyArray<Placed>, { peer }: Placed): ReadonlyArray<Placed> =>
  placed.filter((other) => other.peer !== peer)

/** Of those that share the bits before it, the first index at which a bit is set. */
const splitOf = (all: ReadonlyArray<Placed>, from: number, to: number, bit: number): number => {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bitOf(all[middle]!.point, bit) === 0) low = middle + 1
    else high = middle
  }
  return low
}
