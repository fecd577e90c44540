/** CRC-32C, which LevelDB keeps of everything it writes and `classic-level` never lets it look at. */

const POLYNOMIAL = 0x82f63b78
const ALL_ONES = 0xffffffff
/** LevelDB stores the CRC rotated and with this added: data that holds CRCs of its own must not check itself. */
const MASK = 0xa282ead8
const STRIDE = 8

/** Eight tables of 256: the n-th takes a byte n further on. */
const TABLES = (() => {
  const tables = new Int32Array(STRIDE * 256)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ POLYNOMIAL : remainder >>> 1
    tables[byte] = remainder
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256]!
    tables[index] = tables[before & 0xff]! ^ (before >>> 8)
  }
  return tables
})()

/** CRC-32C of bytes from `start` up to `end`, or of bytes that follow others with the CRC `before`: 0 ≤ n < 2^32. */
export const extend = (before: number, bytes: Uint8Array, start: number, end: number): number => {
  let remainder = ~before
  let at = start
  // Eight bytes at once: twice to three times as fast as one by one.
  for (; at + STRIDE <= end; at += STRIDE) {
    remainder ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    remainder =
      TABLES[1792 + (remainder & 0xff)]! ^
      TABLES[1536 + ((remainder >>> 8) & 0xff)]! ^
      TABLES[1280 + ((remainder >>> 16) & 0xff)]! ^
      TABLES[1024 + (remainder >>> 24)]! ^
      TABLES[768 + bytes[at + 4]!]! ^
      TABLES[512 + bytes[at + 5]!]! ^
      TABLES[256 + bytes[at + 6]!]! ^
      TABLES[bytes[at + 7]!]!
  }
  for (; at < end; at++) remainder = TABLES[(remainder ^ bytes[at]!) & 0xff]! ^ (remainder >>> 8)
  return (remainder ^ ALL_ONES) >>> 0
}

/** A CRC as LevelDB stores it. */
export const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + MASK) >>> 0
