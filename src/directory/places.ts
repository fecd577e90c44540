import type { Prng } from "../random/Prng.ts"

const BYTE_BITS = 8

/** A random place that shares exactly so many leading bits with another. */
export const placeSharing = (place: Uint8Array, bits: number, prng: Prng): Uint8Array => {
  const random = prng.bytes(place.length)
  const byte = Math.floor(bits / BYTE_BITS)
  const bit = bits % BYTE_BITS
  random.set(place.subarray(0, byte))
  const kept = 0xff & (0xff << (BYTE_BITS - bit))
  const flipped = 1 << (BYTE_BITS - 1 - bit)
  random[byte] = (place[byte]! & kept) | ((place[byte]! ^ flipped) & flipped) | (random[byte]! & (flipped - 1))
  return random
}
