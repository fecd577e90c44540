import { describe, expect, it } from "@effect/vitest"
import { compareBallots, higherBallot, isOversized, isSameBallot, MAX_BALLOT_STEP } from "../../src/cluster/Ballot.ts"
import { clusterOf, peersOf } from "./Signatures.ts"

const [low, high] = peersOf(clusterOf(1, 2))

describe("ballots", () => {
  it("are ordered by number, then by peer, ballot 0 before all others", () => {
    const ordered = [null, { n: 1, peer: low! }, { n: 1, peer: high! }, { n: 2, peer: low! }, { n: 10, peer: low! }]
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        expect(Math.sign(compareBallots(a, b))).toBe(Math.sign(i - j))
        expect(isSameBallot(a, b)).toBe(i === j)
        expect(higherBallot(a, b)).toBe(ordered[Math.max(i, j)])
      }
    }
  })

  it("are oversized beyond a fixed step from what was reached", () => {
    const at = (n: number) => ({ n, peer: low! })
    expect(isOversized(at(MAX_BALLOT_STEP), null)).toBe(false)
    expect(isOversized(at(MAX_BALLOT_STEP + 1), null)).toBe(true)
    expect(isOversized(at(MAX_BALLOT_STEP + 1), at(1))).toBe(false)
    expect(isOversized(at(MAX_BALLOT_STEP + 1), null, at(1))).toBe(false)
  })
})
