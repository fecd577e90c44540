import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { SPACES, type StorageKey } from "../../services/RawStorage.ts"
import * as RecordPath from "../../src/storage/RecordPath.ts"

const EXAMPLES: ReadonlyArray<readonly [key: StorageKey, path: string]> = [
  [["block", "abc", "head", ""], "block/abc/meta.json"],
  [["block", "abc", "members", ""], "block/abc/members.json"],
  [["block", "abc", "rev", 7], "block/abc/revs/7.json"],
  [["block", "abc", "change", 7], "block/abc/trx/7.json"],
  [["block", "abc", "whole", 7], "block/abc/blocks/7.json"],
  [["block", "abc", "pend", "xyz"], "block/abc/pend/xyz.json"],
  [["block", "abc", "meta", ""], "block/abc/%6deta.json"],
  [["block", "", "", ""], "block/%/%.json"],
  [["transaction", "abc", "manifest", ""], "transaction/abc.manifest.json"],
  [["proof", "abc", "", ""], "proof/abc.json"],
  [["lock", "abc", "", "xyz"], "lock/abc..xyz.json"],
  [["lock", "", "", ""], "lock/.json"],
  [["vote", "7", "k", 7], "vote/%37.k.7.json"],
  [["vote", "7", "k", "7"], "vote/%37.k.%37.json"],
  [["vote", "Abc", "nul", ".."], "vote/%41bc.%6eul.%2e%2e.json"],
  [["vote", "é😀", "\ud800", "a/b"], "vote/%e9%u01f600.%u00d800.a%2fb.json"]
]

const text = FastCheck.oneof(
  FastCheck.string({ maxLength: 6, unit: "binary" }),
  FastCheck.string({
    maxLength: 4,
    unit: FastCheck.constantFrom("A", "a", "%", "u", ".", "/", "0", "7", "\ud800", "\udc00")
  }),
  FastCheck.constantFrom(
    "",
    "meta",
    "head",
    "rev",
    "revs",
    "%",
    "%61",
    "con",
    "CON",
    "lpt1",
    "007",
    "a.json",
    "~",
    "-0"
  )
)
const keys: FastCheck.Arbitrary<StorageKey> = FastCheck.tuple(
  FastCheck.constantFrom(...SPACES),
  text,
  text,
  FastCheck.oneof(text, FastCheck.nat(), FastCheck.maxSafeNat())
)

const FOREIGN = [
  "elsewhere/abc.json",
  "block/abc/revs/07.json",
  "block/abc/revs/9007199254740992.json",
  "block/abc/revs/7 copy.json",
  "block/abc/revs/7.json.bak",
  "block/abc/revs/deep/7.json",
  "block/abc/head.json",
  "block/ABC",
  "proof/Abc.json",
  "proof/%61.json",
  "proof/%u110000.json",
  "proof/a.b.c.d.json",
  "proof/a..json",
  "proof/folder",
  "block/abc/revs/.DS_Store"
]

describe("RecordPath", () => {
  it.each(EXAMPLES)("%j lies at %s", (key, path) => {
    expect(RecordPath.encode(key)).toBe(path)
    expect(RecordPath.decode(path)).toEqual({ _tag: "Record", key })
  })

  it("leads from any key to a path of plain characters and back", () => {
    FastCheck.assert(
      FastCheck.property(keys, (key) => {
        const path = RecordPath.encode(key)
        expect(path).toMatch(/^[a-z0-9_%./-]+$/)
        expect(RecordPath.decode(path)).toEqual({ _tag: "Record", key })
      }),
      { numRuns: 2_000, seed: 3 }
    )
  })

  it("puts two records into one file never, whatever a file system thinks of upper and lower case", () => {
    FastCheck.assert(
      FastCheck.property(keys, keys, (left, right) => {
        const isSame = RecordPath.encode(left).toUpperCase() === RecordPath.encode(right).toUpperCase()
        expect(isSame).toBe(JSON.stringify(left) === JSON.stringify(right))
      }),
      { numRuns: 2_000, seed: 3 }
    )
  })

  it("puts the records of a group into the folders of the group", () => {
    FastCheck.assert(
      FastCheck.property(keys, (key) => {
        const [space, block, kind] = key
        const path = RecordPath.encode(key)
        expect(RecordPath.foldersOf({ block, kind, space })).toContain(path.slice(0, path.lastIndexOf("/")))
      }),
      { numRuns: 1_000, seed: 3 }
    )
  })

  it("knows the folders that it makes", () => {
    expect(RecordPath.decode("block")).toEqual({ _tag: "Folder", space: "block" })
    expect(RecordPath.decode("block/%")).toEqual({ _tag: "Folder", block: "", space: "block" })
    expect(RecordPath.decode("block/abc/revs")).toEqual({ _tag: "Folder", block: "abc", space: "block" })
    expect(RecordPath.decode("lock")).toEqual({ _tag: "Folder", space: "lock" })
  })

  it.each(FOREIGN)("%s is no path of a record, nor of a folder", (path) => {
    expect(RecordPath.decode(path)).toBeUndefined()
  })

  it("says which names are too long for a file", () => {
    const longest = "x".repeat(RecordPath.MAX_FILE_NAME_BYTES - ".json".length)
    expect(RecordPath.isTooLong(RecordPath.encode(["proof", longest, "", ""]))).toBe(false)
    expect(RecordPath.isTooLong(RecordPath.encode(["proof", `${longest}x`, "", ""]))).toBe(true)
    expect(RecordPath.isTooLong(RecordPath.encode(["block", `${longest}x`, "rev", 1]))).toBe(false)
  })
})
