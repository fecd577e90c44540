import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { placeOf } from "../encoding/BlockIds.ts"

/** A point of the key space: 128 bits as four unsigned words, the highest first. The distance of two is their XOR, as in Kademlia. */
export type Point = readonly [number, number, number, number]

/** The bits of a point. */
export const POINT_BITS = 128
const WORD_BITS = 32

/** The point that the first 16 of some bytes are. */
export const pointOf = (bytes: Uint8Array): Point => {
  const word = (at: number) =>
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  return [word(0), word(4), word(8), word(12)]
}

/** Where a peer stands. Protocol §1. */
export const pointOfPeer = (hasher: HasherService, peer: PeerId): Point => pointOf(hasher.sha256(peer))

/** Where a block lives. Protocol §1. */
export const pointOfBlock = (block: BlockId): Point => pointOf(placeOf(block))

/** One bit of a point, the highest is bit 0. */
export const bitOf = (point: Point, bit: number): number =>
  (point[(bit / WORD_BITS) | 0]! >>> (WORD_BITS - 1 - (bit % WORD_BITS))) & 1

/** How many of their highest bits two points have in common. */
export const sharedBits = (a: Point, b: Point): number => {
  for (let word = 0; word < a.length; word++) {
    const difference = a[word]! ^ b[word]!
    if (difference !== 0) return word * WORD_BITS + Math.clz32(difference)
  }
  return POINT_BITS
}

/** Orders points as numbers. */
export const comparePoints = (a: Point, b: Point): number => {
  for (let word = 0; word < a.length; word++) if (a[word] !== b[word]) return a[word]! - b[word]!
  return 0
}

/** Orders points by their distance from one. */
export const compareDistance = (from: Point, a: Point, b: Point): number => {
  for (let word = 0; word < from.length; word++) {
    const difference = ((a[word]! ^ from[word]!) >>> 0) - ((b[word]! ^ from[word]!) >>> 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** The distance of two points as a share of the key space, 0 ≤ d < 1. */
export const distanceShare = (a: Point, b: Point): number =>
  ((a[0] ^ b[0]) >>> 0) / 2 ** WORD_BITS + ((a[1] ^ b[1]) >>> 0) / 2 ** (2 * WORD_BITS)
