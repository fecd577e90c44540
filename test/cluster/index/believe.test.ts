import { describe, expect, it } from "@effect/vitest"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import { believe, type Said } from "../../../src/cluster/index/believe.ts"

const closest = ["ann", "bob", "cat", "dan"] as ReadonlyArray<string> as ReadonlyArray<PeerId>
const asked = { closest, formerly: [] as ReadonlyArray<PeerId>, liars: 1, quorum: 3 }
const X = "x" as ActionId
const Y = "y" as ActionId

/** What each of ann, bob, cat, dan and eve says; undefined: not heard yet. */
const said = (...all: ReadonlyArray<Said | undefined>): ReadonlyMap<PeerId, Said> =>
  new Map(
    all.flatMap((what, i) => (what === undefined ? [] : [[["ann", "bob", "cat", "dan", "eve"][i] as PeerId, what]]))
  )

describe("What is believed of a collection", () => {
  it.each([
    ["an entry that f + 1 give alike", said(X, X), { _tag: "Created", creator: X }],
    [
      "an entry that f + 1 give alike, whoever knows of nobody",
      said("none", "none", X, X),
      { _tag: "Created", creator: X }
    ],
    ["nothing yet on the word of one", said(X), undefined],
    ["nothing yet where a quorum knows of nobody and the last is awaited", said("none", "none", "none"), undefined],
    ["absence, from all", said("none", "none", "none", "none"), { _tag: "Absent" }],
    ["absence, where the last says nothing", said("none", "none", "none", "nothing"), { _tag: "Absent" }],
    ["not absence where one gives an entry", said("none", "none", "none", X), { _tag: "Doubtful" }],
    [
      "not absence on the word of fewer than a quorum",
      said("none", "none", "nothing", "nothing"),
      { _tag: "Doubtful" }
    ],
    ["neither of two that one each gives", said(X, Y, "none", "none"), { _tag: "Doubtful" }],
    ["a contradiction of two that f + 1 each give", said(X, X, Y, Y), { _tag: "Contradiction", creators: [X, Y] }]
  ])("is %s", (_what, words, belief) => {
    expect(believe(asked, words, true)).toEqual(belief)
  })

  it("is absence from a quorum once the last has been waited for", () => {
    expect(believe(asked, said("none", "none", "none"), false)).toEqual({ _tag: "Absent" })
    expect(believe(asked, said("none", "none"), false)).toBeUndefined()
  })

  it("is absence only once those have been heard from whom somebody took over", () => {
    const eve = "eve" as PeerId
    const growing = { ...asked, formerly: [eve] }
    const four = said("none", "none", "none", "none")
    expect(believe(growing, four, false)).toBeUndefined()
    expect(believe(growing, said("none", "none", "none", "none", "none"), true)).toEqual({ _tag: "Absent" })
    expect(believe(growing, said("none", "none", "none", "none", X), true)).toEqual({ _tag: "Doubtful" })
    expect(believe(growing, said("none", "none", "none", X, X), true)).toEqual({ _tag: "Created", creator: X })
  })

  it("is nothing that somebody says who was not asked", () => {
    const zoe = new Map(said("none", "none", "none", "none")).set("zoe" as PeerId, X)
    expect(believe(asked, zoe, true)).toEqual({ _tag: "Absent" })
  })
})
