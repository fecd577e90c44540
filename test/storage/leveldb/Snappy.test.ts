import { describe, expect, it } from "vitest"
import { Malformed } from "../../../layers/storage/leveldb/ByteReader.ts"
import * as Snappy from "../../../layers/storage/leveldb/Snappy.ts"
import * as Prng from "../../../src/random/Prng.ts"

const text = (...bytes: ReadonlyArray<number | string>): string =>
  Buffer.from(
    Snappy.decompress(Buffer.concat(bytes.map((byte) => Buffer.from(typeof byte === "string" ? byte : [byte]))))
  ).toString()

describe("Snappy.decompress", () => {
  const table: ReadonlyArray<readonly [what: string, compressed: ReadonlyArray<number | string>, original: string]> = [
    ["nothing", [0], ""],
    ["a literal", [3, 2 << 2, "abc"], "abc"],
    ["a literal whose length follows in one byte", [70, 60 << 2, 69, "x".repeat(70)], "x".repeat(70)],
    ["a literal whose length follows in two", [0x90, 3, 61 << 2, 0x8f, 1, "y".repeat(400)], "y".repeat(400)],
    ["a near copy", [8, 3 << 2, "abcd", 1, 4], "abcdabcd"],
    ["a copy of what it makes itself", [7, 1 << 2, "ab", (1 << 2) | 1, 2], "abababa"],
    ["a farther copy", [6, 3 << 2, "abcd", (1 << 2) | 2, 4, 0], "abcdab"],
    ["a far copy", [6, 3 << 2, "abcd", (1 << 2) | 3, 3, 0, 0, 0], "abcdbc"]
  ]
  for (const [what, compressed, original] of table) {
    it(`takes ${what}`, () => {
      expect(text(...compressed)).toBe(original)
    })
  }

  it("refuses what is too short, too long, or repeats what is not there", () => {
    const broken = [[], [3, 2 << 2, "ab"], [4, 2 << 2, "abc"], [2, 2 << 2, "abc"], [8, 0, "a", 1, 2], [9, 0, "a", 1, 0]]
    for (const bytes of broken) expect(() => text(...bytes)).toThrow(Malformed)
  })

  it("answers any bytes with an original or a refusal", () => {
    const random = Prng.make("snappy")
    for (let trial = 0; trial < 2_000; trial++) {
      const bytes = Uint8Array.from([random.nextInt(128), ...random.bytes(random.nextInt(40))])
      try {
        expect(Snappy.decompress(bytes)).toHaveLength(bytes[0]!)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Malformed)
      }
    }
  })
})
