import { describe, expect, it } from "@effect/vitest"
import { quorumsOf, sizeProblem } from "../../src/cluster/Quorum.ts"

const MODELS = ["byzantine", "crash"] as const

describe("quorumsOf", () => {
  // The table of §6.
  it.each([
    [1, "byzantine", 0, 1, 1, 1],
    [4, "byzantine", 1, 3, 4, 2],
    [5, "byzantine", 1, 4, 5, 3],
    [6, "byzantine", 1, 5, 5, 3],
    [7, "byzantine", 2, 5, 7, 3],
    [10, "byzantine", 3, 7, 10, 4],
    [1, "crash", 0, 1, 1, 1],
    [3, "crash", 0, 2, 3, 2],
    [4, "crash", 0, 3, 3, 2],
    [5, "crash", 0, 3, 4, 2],
    [6, "crash", 0, 4, 5, 3],
    [7, "crash", 0, 4, 6, 3],
    [10, "crash", 0, 6, 8, 4]
  ] as const)("of %i members, %s: f %i, Q %i, Qf %i, T %i", (...row) => {
    const [members, model, liars, quorum, fastQuorum, approvalThreshold] = row
    expect(quorumsOf(members, model)).toEqual({ approvalThreshold, fastQuorum, liars, quorum })
  })

  it("holds what agreement stands on, for every number of members", () => {
    for (let members = 1; members <= 100; members++) {
      for (const model of MODELS) {
        const { approvalThreshold, fastQuorum, liars, quorum } = quorumsOf(members, model)
        expect(quorum).toBeLessThanOrEqual(fastQuorum)
        expect(fastQuorum).toBeLessThanOrEqual(members)
        expect(approvalThreshold).toBeGreaterThan(liars)
        expect(approvalThreshold).toBeLessThanOrEqual(quorum)
        expect(2 * approvalThreshold).toBeGreaterThan(quorum)
        expect(2 * quorum - members).toBeGreaterThan(liars)
        expect(fastQuorum + quorum - members).toBeGreaterThan(liars)
        // Two fast quorums and a quorum have an honest member in common: of two rivals, one at most shows as decided.
        expect(2 * fastQuorum + quorum - 2 * members).toBeGreaterThan(2 * liars)
      }
    }
  })
})

describe("sizeProblem", () => {
  it("refuses byzantine clusters that tolerate nothing, but for one member alone", () => {
    expect([1, 2, 3, 4].map((members) => sizeProblem(members, "byzantine") === undefined)).toEqual([
      true,
      false,
      false,
      true
    ])
    expect([1, 2, 3, 4].map((members) => sizeProblem(members, "crash"))).toEqual(Array(4).fill(undefined))
    expect([0, -1, 1.5, Number.NaN].map((members) => sizeProblem(members, "crash") === undefined)).not.toContain(true)
  })
})
