import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { KeySpace } from "./KeySpace.ts"
import { pointOfBlock, pointOfPeer } from "./Point.ts"

/** A set of peers, each at the hash of its id in the key space: says who is closest to a place. Protocol §1. */
export class Neighbourhood {
  readonly #space: KeySpace

  constructor(hasher: HasherService, peers: Iterable<PeerId>) {
    this.#space = new KeySpace([...new Set(peers)].map((peer) => ({ peer, point: pointOfPeer(hasher, peer) })))
  }

  /** The peers closest to the place of a block, at most `count`, closest first. */
  nearest(block: BlockId, count: number): ReadonlyArray<PeerId> {
    return this.#space.nearest(pointOfBlock(block), count).map(({ peer }) => peer)
  }

  /** The same peers, sorted as member lists are. */
  closest(block: BlockId, count: number): ReadonlyArray<PeerId> {
    return this.nearest(block, count).toSorted()
  }
}
