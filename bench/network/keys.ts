/** Keys, and who is closest to them. */
import type { BlockId, PeerId } from "effect-optimystic/schemas"
import type { HasherService } from "effect-optimystic/services"

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
/** Characters of an id that hold whole groups of bits; the last holds what is left over. */
const WHOLE_CHARACTERS = 51

/** An id of a block, of the bits of a hash. */
const keyOf = (digest: Uint8Array): BlockId =>
  `${Array.from({ length: WHOLE_CHARACTERS }, (_, i) => BASE32[(digest[i % digest.length]! + i) % BASE32.length]).join("")}a` as BlockId

/** Keys that are the same in every process. */
export const keysOf = (hasher: HasherService, count: number): ReadonlyArray<BlockId> =>
  Array.from({ length: count }, (_, i) => keyOf(hasher.sha256(`key ${i}`)))

/** Of the digest of who is closest: enough that no two are the same by chance. */
const DIGEST_BYTES = 6

/** A short text for some peers in the order in which they are named. */
export const digestOf = (hasher: HasherService, peers: ReadonlyArray<PeerId>): string =>
  Buffer.from(hasher.sha256(peers.join()).subarray(0, DIGEST_BYTES)).toString("hex")

const PLACE_BITS = 128n
const BITS_PER_CHARACTER = 5n
/** So many characters of an id hold its place, with two bits to spare. */
const PLACE_CHARACTERS = 26
const SPARE_BITS = BigInt(PLACE_CHARACTERS) * BITS_PER_CHARACTER - PLACE_BITS

const placeOfKey = (key: BlockId): bigint =>
  [...key.slice(0, PLACE_CHARACTERS)].reduce(
    (bits, character) => (bits << BITS_PER_CHARACTER) | BigInt(BASE32.indexOf(character)),
    0n
  ) >> SPARE_BITS

const placeOfPeer = (hasher: HasherService, peer: PeerId): bigint =>
  BigInt(`0x${Buffer.from(hasher.sha256(peer)).toString("hex")}`) >> PLACE_BITS

/** What every node that knows just these peers has to answer for each key: worked out by looking at each peer. */
export const closestOf = (
  hasher: HasherService,
  peers: ReadonlyArray<PeerId>,
  keys: ReadonlyArray<BlockId>,
  count: number
): ReadonlyArray<string> => {
  const placed = peers.map((peer) => ({ peer, place: placeOfPeer(hasher, peer) }))
  return keys.map((key) => {
    const place = placeOfKey(key)
    const byDistance = placed
      .map((one) => ({ distance: one.place ^ place, peer: one.peer }))
      .sort((a, b) => (a.distance < b.distance ? -1 : 1))
    const closest = byDistance.slice(0, count).map(({ peer }) => peer)
    return digestOf(hasher, closest.sort())
  })
}
