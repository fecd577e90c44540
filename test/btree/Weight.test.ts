import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { Json } from "../../schemas/Json.ts"
import { entryWeight, jsonSize, separatorWeight } from "../../src/btree/Weight.ts"

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value))

describe("Weight", () => {
  it("the size of a value is that of its JSON in UTF-8", () => {
    const text = FastCheck.string({ unit: "binary" })
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue({ stringUnit: "binary" }), text, (value, name) => {
        const json = { [name]: [value, name] } as Json
        expect(jsonSize(json)).toBe(bytes(json))
      })
    )
  })

  it("escapes and lone surrogates count as JSON writes them", () => {
    for (let unit = 0; unit < 0x10000; unit++) {
      const text = String.fromCharCode(unit)
      if (jsonSize(text) !== bytes(text)) expect.fail(`code unit ${unit.toString(16)}`)
    }
    for (const text of ["😀", "\ud83d", "\ude00\ud83d", "\ud83d\ud83d\ude00", "a\ud83d"]) {
      expect(jsonSize(text)).toBe(bytes(text))
    }
    for (const value of [[], {}, [[]], [1, 2], { a: 1, b: [] }, -0, 1e21, 1e-7, null, true, false]) {
      expect(jsonSize(value)).toBe(bytes(value))
    }
  })

  it("one unit is 512 bytes, an entry at most 32 units, a separator at most 16", () => {
    expect(entryWeight(1, "x".repeat(509))).toBe(1)
    expect(entryWeight(1, "x".repeat(510))).toBe(2)
    expect(entryWeight(1, "x".repeat(100_000))).toBe(32)
    expect(separatorWeight("x".repeat(510))).toBe(1)
    expect(separatorWeight("x".repeat(511))).toBe(2)
    expect(separatorWeight("x".repeat(100_000))).toBe(16)
  })
})
