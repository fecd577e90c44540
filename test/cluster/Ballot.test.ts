import { describe, expect, it } from "@effect/vitest"
import {
  ballotAbove,
  compareBallots,
  higherBallot,
  isOversized,
  isSameBallot,
  MAX_BALLOT_STEP
} from "../../src/cluster/Ballot.ts"
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

  it("are taken above all that was told, but never so high that nobody would join", () => {
    const at = (n: number) => ({ n, peer: low! })
    expect(ballotAbove(high!, null, null)).toEqual({ n: 1, peer: high })
    expect(ballotAbove(high!, at(7), null)).toEqual({ n: 8, peer: high })
    for (const reached of [null, at(1), at(5_000)]) {
      const ballot = ballotAbove(high!, at(Number.MAX_SAFE_INTEGER), null, reached)
      expect(ballot.n).toBe((reached?.n ?? 0) + MAX_BALLOT_STEP)
      expect(isOversized(ballot, reached)).toBe(false)
    }
  })
})
