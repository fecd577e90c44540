import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { SPACES, type StorageKey, type StorageRange } from "../../services/RawStorage.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { compareKeys } from "../reference/SortedMap.ts"

/** Characters at the borders of the codec's alphabet and of UTF-16, so that random texts meet there often. */
const character = FastCheck.constantFrom(
  ...'\u0000\u0001 !"#$%09afz}~\u007f\u0080é\ud7ff\ue000\uffff',
  "\ud800",
  "\udbff",
  "\udc00",
  "\udfff",
  "\u{10000}",
  "😀",
  "\u{10ffff}"
)
const text = FastCheck.oneof(
  FastCheck.array(character, { maxLength: 4 }).map((characters) => characters.join("")),
  FastCheck.string({ unit: "binary", maxLength: 8 }),
  FastCheck.stringMatching(/^[a-z2-7]{52}$/)
)
const name = FastCheck.oneof(text, FastCheck.maxSafeNat(), FastCheck.nat({ max: 20 }))
const space = FastCheck.constantFrom(...SPACES)
const key: FastCheck.Arbitrary<StorageKey> = FastCheck.tuple(space, text, text, name)
/** Two keys that agree in a random number of parts. */
const keyPair = FastCheck.tuple(key, key, FastCheck.nat({ max: 3 })).map(
  ([left, right, shared]): [StorageKey, StorageKey] => {
    const merged = left.map((part, index) => (index < shared ? part : right[index]))
    return [left, merged as unknown as StorageKey]
  }
)

const compareUnits = (left: string, right: string) => (left < right ? -1 : left > right ? 1 : 0)

const RUNS = { numRuns: 3000 }

describe("StorageKeyCodec", () => {
  it("orders texts as keys are ordered, by UTF-16 unit and by UTF-8 byte", () => {
    FastCheck.assert(
      FastCheck.property(keyPair, ([left, right]) => {
        const expected = Math.sign(compareKeys(left, right))
        const [leftText, rightText] = [StorageKeyCodec.encode(left), StorageKeyCodec.encode(right)]
        expect(compareUnits(leftText, rightText)).toBe(expected)
        expect(Buffer.compare(Buffer.from(leftText), Buffer.from(rightText))).toBe(expected)
      }),
      RUNS
    )
  })

  it("gives back every key, from ASCII text", () => {
    FastCheck.assert(
      FastCheck.property(key, (key) => {
        const encoded = StorageKeyCodec.encode(key)
        expect(encoded).toMatch(/^[!-~]+$/)
        expect(StorageKeyCodec.decode(encoded)).toEqual(key)
      }),
      RUNS
    )
  })

  it("takes no text for a key that it would not have written", () => {
    const decodable = FastCheck.array(FastCheck.constantFrom(...'a!"#$~0123'), { maxLength: 24 })
    FastCheck.assert(
      FastCheck.property(decodable, (characters) => {
        const text = `a${characters.join("")}`
        const key = StorageKeyCodec.decode(text)
        if (key !== undefined) expect(StorageKeyCodec.encode(key)).toBe(text)
      }),
      RUNS
    )
    for (const text of [
      "",
      "a",
      "a!!",
      "a!!$!",
      "z!!$",
      'a"61!!$',
      'a"2!!$',
      "a~00d83d~00de00!!$",
      "a~110000!!$",
      "a~00007E!!$",
      "a!!#1",
      "a!!#9007199254740992",
      "a!!x"
    ]) {
      expect(StorageKeyCodec.decode(text), text).toBeUndefined()
    }
  })

  it("covers with a range exactly the keys of its space, block and kind between its bounds", () => {
    const bounds = FastCheck.record({ from: name, to: name }, { requiredKeys: [] })
    FastCheck.assert(
      FastCheck.property(keyPair, bounds, ([[space, block, kind], other], bounds) => {
        const range: StorageRange = { space, block, kind, limit: 1, ...bounds }
        const within = StorageKeyCodec.rangeInterval(range)
        const encoded = StorageKeyCodec.encode(other)
        const expected =
          other[0] === space &&
          other[1] === block &&
          other[2] === kind &&
          (range.from === undefined || compareKeys(other, [space, block, kind, range.from]) >= 0) &&
          (range.to === undefined || compareKeys(other, [space, block, kind, range.to]) <= 0)
        expect(within.lowest <= encoded && encoded <= within.highest).toBe(expected)
      }),
      RUNS
    )
  })

  it("covers with the rest of a space exactly its keys of later blocks", () => {
    FastCheck.assert(
      FastCheck.property(keyPair, ([[space, after], other]) => {
        const encoded = StorageKeyCodec.encode(other)
        const all = StorageKeyCodec.spaceInterval(space)
        expect(all.lowest <= encoded && encoded <= all.highest).toBe(other[0] === space)
        const rest = StorageKeyCodec.spaceInterval(space, after)
        const isLater = other[0] === space && compareKeys([space, other[1], "", 0], [space, after, "", 0]) > 0
        expect(rest.lowest <= encoded && encoded <= rest.highest).toBe(isLater)
      }),
      RUNS
    )
  })

  it("joins a key from the two parts that memory storage orders apart", () => {
    FastCheck.assert(
      FastCheck.property(key, (key) => {
        const block = StorageKeyCodec.encodeBlock(key[0], key[1])
        expect(block + StorageKeyCodec.encodeWithinBlock(key[2], key[3])).toBe(StorageKeyCodec.encode(key))
        expect(StorageKeyCodec.decodeBlock(block)).toBe(key[1])
      })
    )
  })

  it("writes these texts, which are on disks already", () => {
    const golden: ReadonlyArray<readonly [StorageKey, string]> = [
      [["store", "", "format", ""], "a!format!$"],
      [["block", "abc234", "rev", 17], "babc234!rev!#0000000000000017"],
      [["transaction", "a b", "k", "é!"], 'ca"20b!k!$~0000e9"21'],
      [["vote", "", "", 0], "d!!#0000000000000000"],
      [["lock", "", "", 0], "e!!#0000000000000000"],
      [["ballot", "", "", 0], "f!!#0000000000000000"],
      [["ended", "", "", 0], "g!!#0000000000000000"],
      [["proof", "", "", 0], "h!!#0000000000000000"],
      [["cluster-index", "", "", "😀"], "i!!$~01f600"]
    ]
    for (const [key, text] of golden) expect(StorageKeyCodec.encode(key)).toBe(text)
  })

  it("says a key in words, and a text that is none as it is", () => {
    expect(StorageKeyCodec.describeEncoded("babc!rev!#0000000000000007")).toBe('["block","abc","rev",7]')
    expect(StorageKeyCodec.describeEncoded("garbage")).toBe('"garbage"')
  })
})
