import type { BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { HasherService } from "../../../services/Hasher.ts"
import { compareDistance, type Point, pointOfBlock, pointOfPeer } from "../../network/Point.ts"

/** When a newcomer said that it arrives, in milliseconds, and where it stands. */
interface Arrival {
  readonly arrivedMillis: number
  readonly point: Point
}

/** A newcomer says so each time that it looks: the share of the time for which it is heeded after which that counts anew. */
const RENEWED_SHARE = 0.25

/**
 * Peers that take over their part of the cluster index, and are about to be active. Whoever has noted one approves no creation of which
 * it would be a member if it were active: what was created without it, it has taken over. Decision 32.
 */
export class Arrivals {
  readonly #arrivals = new Map<PeerId, Arrival>()
  readonly #hasher: HasherService
  readonly #heededMillis: number
  readonly #limit: number

  /** Heeds each for so long after it arrived, and at most so many. */
  constructor(hasher: HasherService, heededMillis: number, limit: number) {
    this.#hasher = hasher
    this.#heededMillis = heededMillis
    this.#limit = limit
  }

  /** Notes that a newcomer arrives. `known`: that was noted a moment ago; `full`: it is not heeded. */
  note(peer: PeerId, nowMillis: number): "noted" | "known" | "full" {
    const known = this.#arrivals.get(peer)
    if (known !== undefined && Math.abs(nowMillis - known.arrivedMillis) < this.#heededMillis * RENEWED_SHARE) {
      return "known"
    }
    for (const [other, arrival] of this.#arrivals) if (!this.#isHeeded(arrival, nowMillis)) this.#arrivals.delete(other)
    if (this.#arrivals.size >= this.#limit && !this.#arrivals.has(peer)) return "full"
    this.#arrivals.set(peer, {
      arrivedMillis: nowMillis,
      point: known?.point ?? pointOfPeer(this.#hasher, peer)
    })
    return "noted"
  }

  /** Those that are heeded, and since when. */
  heeded(nowMillis: number): ReadonlyArray<readonly [peer: PeerId, arrivedMillis: number]> {
    return [...this.#arrivals]
      .filter(([, arrival]) => this.#isHeeded(arrival, nowMillis))
      .map(([peer, { arrivedMillis }]) => [peer, arrivedMillis])
  }

  /** Of those that are heeded one that is closer to a block than the farthest of its members, and is none of them. */
  closer(block: BlockId, members: ReadonlyArray<PeerId>, nowMillis: number): PeerId | undefined {
    if (this.#arrivals.size === 0) return undefined
    const points = members.map((member) => pointOfPeer(this.#hasher, member))
    for (const [peer, arrival] of this.#arrivals) {
      if (members.includes(peer) || !this.#isHeeded(arrival, nowMillis)) continue
      if (isCloser(arrival.point, block, points)) return peer
    }
    return undefined
  }

  #isHeeded({ arrivedMillis }: Arrival, nowMillis: number): boolean {
    return Math.abs(nowMillis - arrivedMillis) < this.#heededMillis
  }
}

/** Whether a point is closer to a block than the farthest of its members. */
export const isCloser = (point: Point, block: BlockId, members: ReadonlyArray<Point>): boolean => {
  const place = pointOfBlock(block)
  return members.some((member) => compareDistance(place, point, member) < 0)
}
