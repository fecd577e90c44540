const POLYNOMIAL = 0xedb88320
const ALL_ONES = 0xffffffff

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
  return remainder
})

const encoder = new TextEncoder()

/** CRC-32 (IEEE 802.3, as in zlib) of bytes, or of bytes that follow others with the CRC `before`: 0 ≤ n < 2^32. */
export const crc32OfBytes = (bytes: Uint8Array, before = 0): number => {
  let remainder = before ^ ALL_ONES
  for (const byte of bytes) remainder = TABLE[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8)
  return (remainder ^ ALL_ONES) >>> 0
}

/** CRC-32 of the UTF-8 of a text. Both are for platforms that bring none of their own. */
export const crc32 = (text: string, before = 0): number => crc32OfBytes(encoder.encode(text), before)
