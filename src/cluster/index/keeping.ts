/** Who is to keep an entry of the cluster index. Protocol §1, *cluster index*. */
import type { BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { HasherService } from "../../../services/Hasher.ts"
import { compareDistance, type Point, pointOfBlock, pointOfPeer } from "../../network/Point.ts"

/**
 * Whether a peer, active or not, is one of the `count` closest to a block, or would be if it were active. `closest`: the active ones
 * that are, at most `count`.
 */
export const keeping = (
  hasher: HasherService,
  closest: (block: BlockId, count: number) => ReadonlyArray<PeerId>,
  peer: PeerId,
  count: number
): ((block: BlockId) => boolean) => {
  const points = new Map<PeerId, Point>()
  const pointOf = (other: PeerId): Point => {
    const known = points.get(other) ?? pointOfPeer(hasher, other)
    points.set(other, known)
    return known
  }
  return (block) => {
    const peers = closest(block, count)
    if (peers.length < count || peers.includes(peer)) return true
    const place = pointOfBlock(block)
    return peers.some((other) => compareDistance(place, pointOf(peer), pointOf(other)) < 0)
  }
}
