import { describe, expect, it } from "vitest"
import * as Crc32c from "../../../layers/storage/leveldb/Crc32c.ts"
import * as Prng from "../../../src/random/Prng.ts"

/** As the definition has it: bit by bit. */
const naive = (bytes: Uint8Array): number => {
  let remainder = 0xffffffff
  for (const byte of bytes) {
    remainder ^= byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  }
  return ~remainder >>> 0
}

describe("Crc32c", () => {
  // RFC 3720, B.4
  const vectors = [
    [Buffer.alloc(32), 0x8a9136aa],
    [Buffer.alloc(32, 0xff), 0x62a8ab43],
    [Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
    [Buffer.from("123456789"), 0xe3069283]
  ] as const

  it("is that of the published vectors", () => {
    for (const [bytes, crc] of vectors) expect(Crc32c.extend(0, bytes, 0, bytes.length)).toBe(crc)
  })

  it("is the same in one piece and in several, of any length and from any place", () => {
    const random = Prng.make("crc32c")
    const bytes = Uint8Array.from(random.bytes(100))
    for (let trial = 0; trial < 300; trial++) {
      const [start, middle, end] = [random.nextInt(101), random.nextInt(101), random.nextInt(101)].sort((a, b) => a - b)
      const crc = Crc32c.extend(Crc32c.extend(0, bytes, start!, middle!), bytes, middle!, end!)
      expect(crc).toBe(naive(bytes.subarray(start, end)))
    }
  })
})
