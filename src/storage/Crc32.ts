const POLYNOMIAL = 0xedb88320
const ALL_ONES = 0xffffffff

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
  return remainder
})

const encoder = new TextEncoder()

/** CRC-32 (IEEE 802.3, as in zlib) of the UTF-8 of a text: 0 ≤ n < 2^32. For platforms that bring none of their own. */
export const crc32 = (text: string): number => {
  let remainder = ALL_ONES
  for (const byte of encoder.encode(text)) remainder = TABLE[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8)
  return (remainder ^ ALL_ONES) >>> 0
}
