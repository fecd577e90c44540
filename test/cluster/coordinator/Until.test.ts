import { describe, expect, it } from "@effect/vitest"
import { Until } from "../../../src/cluster/coordinator/Until.ts"

describe("What holds until a time", () => {
  it("does not hold from that time on", () => {
    const until = new Until<string>(4)
    until.set("key", 10)
    expect([9, 10, 11].map((now) => until.has("key", now))).toEqual([true, false, false])
  })

  it("holds for longer where that is said again", () => {
    const until = new Until<string>(4)
    until.set("key", 10)
    until.set("key", 20)
    expect(until.has("key", 15)).toBe(true)
  })

  it("never held of what nothing was said of", () => {
    const until = new Until<string>(4)
    expect([until.has("other", 0), until.mayHave("other")]).toEqual([false, false])
  })

  it("is forgotten of those named longest ago where there are too many", () => {
    const until = new Until<number>(4)
    for (let key = 0; key < 100; key++) until.set(key, 10)
    expect([until.mayHave(0), until.mayHave(99)]).toEqual([false, true])
  })
})
