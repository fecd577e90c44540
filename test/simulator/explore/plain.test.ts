import { describe, expect, it } from "@effect/vitest"
import { plain } from "../../../simulator/explore/plain.ts"

describe("What a member knows as a text", () => {
  it("does not tell of the order in which it came to know it", () => {
    const one = {
      b: 1,
      locks: new Map([
        ["x", ["u", "v"]],
        ["y", []]
      ])
    }
    const other = {
      locks: new Map([
        ["y", []],
        ["x", ["v", "u"]]
      ]),
      b: 1
    }
    expect(plain(one)).toBe(plain(other))
  })

  it("does not tell who proved it, but that it was proved", () => {
    expect(plain({ proof: "of ann" })).toBe(plain({ proof: "of bob" }))
    expect(plain({ proof: "of ann" })).not.toBe(plain({}))
  })

  it("tells all else", () => {
    expect(plain({ joined: null })).not.toBe(plain({ joined: { n: 1 } }))
    expect(plain(new Map([["x", 1]]))).not.toBe(plain(new Map([["x", 2]])))
    expect(plain({ prepared: undefined })).toBe(plain({}))
    expect(plain(["1"])).not.toBe(plain([1]))
  })
})
