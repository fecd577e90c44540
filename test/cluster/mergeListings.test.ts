import { describe, expect, it } from "vitest"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { ListingAnswer } from "../../schemas/Listing.ts"
import { mergeListings } from "../../src/cluster/mergeListings.ts"

const told = (ids: string, resume?: string): ListingAnswer => ({
  collections: [...ids] as unknown as ReadonlyArray<CollectionId>,
  ...(resume !== undefined && { resume })
})

describe("A list of collections that several peers tell of", () => {
  it.each([
    [
      "names what more tell of than may lie",
      undefined,
      [told("ab"), told("ab"), told("bx")],
      { collections: ["a", "b"] }
    ],
    ["hears a peer once, however often it says a thing", undefined, [told("aa"), told("b")], { collections: [] }],
    [
      "goes as far as all have told, and on from there",
      undefined,
      [told("ab", "b"), told("abc", "d"), told("c")],
      { collections: ["a", "b"], resume: "b" }
    ],
    ["goes on after a place", "b", [told("abc"), told("bc")], { collections: ["c"] }],
    [
      "does not wait for whoever does not get further",
      "b",
      [told("", "b"), told("c"), told("c")],
      { collections: ["c"] }
    ]
  ] as const)("%s", (_rule, after, answers, page) => {
    expect(mergeListings(after, answers, 1)).toEqual(page)
  })
})
