import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { PLACE_BYTES, placeOf } from "../encoding/BlockIds.ts"

/** Compares two keys by their distance from a place: XOR, as in Kademlia. */
const compareDistance = (place: Uint8Array, a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < PLACE_BYTES; i++) {
    const difference = (a[i]! ^ place[i]!) - (b[i]! ^ place[i]!)
    if (difference !== 0) return difference
  }
  return 0
}

/** Peers with their keys in the keyspace, sha256 of the id of each: says who is closest to a place. Protocol §1. */
export class Neighbourhood {
  readonly #keys: ReadonlyArray<readonly [peer: PeerId, key: Uint8Array]>

  constructor(hasher: HasherService, peers: Iterable<PeerId>) {
    this.#keys = [...new Set(peers)].map((peer) => [peer, hasher.sha256(peer)] as const)
  }

  /** The peers closest to the place of a block, at most `count`, closest first. O(peers · log peers). */
  nearest(block: BlockId, count: number): ReadonlyArray<PeerId> {
    const place = placeOf(block)
    return this.#keys
      .toSorted(([, a], [, b]) => compareDistance(place, a, b))
      .slice(0, count)
      .map(([peer]) => peer)
  }

  /** The same peers, sorted as member lists are. */
  closest(block: BlockId, count: number): ReadonlyArray<PeerId> {
    return this.nearest(block, count).toSorted()
  }
}
