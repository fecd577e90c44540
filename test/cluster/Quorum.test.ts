import { describe, expect, it } from "@effect/vitest"
import { quorumsOf } from "../../src/cluster/Quorum.ts"

describe("quorumsOf", () => {
  it("gives what the protocol says of clusters of four", () => {
    expect(quorumsOf(4, "byzantine")).toEqual({ fastQuorum: 4, quorum: 3 })
    expect(quorumsOf(4, "crash")).toEqual({ fastQuorum: 3, quorum: 3 })
  })

  it("one member decides alone", () => {
    for (const model of ["byzantine", "crash"] as const) {
      expect(quorumsOf(1, model)).toEqual({ fastQuorum: 1, quorum: 1 })
    }
  })

  it("two quorums share more members than may lie, and a fast one is never smaller than a quorum", () => {
    for (let members = 1; members <= 100; members++) {
      for (const model of ["byzantine", "crash"] as const) {
        const liars = model === "crash" ? 0 : Math.floor((members - 1) / 3)
        const { fastQuorum, quorum } = quorumsOf(members, model)
        expect(2 * quorum - members).toBeGreaterThan(liars)
        expect(fastQuorum).toBeGreaterThanOrEqual(quorum)
        expect(fastQuorum).toBeLessThanOrEqual(members)
        // Two fast quorums and a quorum have an honest member in common: of two rivals, one at most shows as decided.
        expect(2 * fastQuorum + quorum - 2 * members).toBeGreaterThan(2 * liars)
      }
    }
  })
})
