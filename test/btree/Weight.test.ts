import { describe, expect, it } from "@effect/vitest"
import { entryWeight, separatorWeight } from "../../src/btree/Weight.ts"

describe("Weight", () => {
  it("one unit is 512 bytes, an entry at most 32 units, a separator at most 16", () => {
    expect(entryWeight(1, "x".repeat(509))).toBe(1)
    expect(entryWeight(1, "x".repeat(510))).toBe(2)
    expect(entryWeight(1, "x".repeat(100_000))).toBe(32)
    expect(separatorWeight("x".repeat(510))).toBe(1)
    expect(separatorWeight("x".repeat(511))).toBe(2)
    expect(separatorWeight("x".repeat(100_000))).toBe(16)
  })
})
