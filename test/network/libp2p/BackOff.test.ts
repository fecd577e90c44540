import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { describe, expect, it } from "vitest"
import { BackOff, defaultBackOff } from "../../../layers/network/libp2p/BackOff.ts"

const pauseAfterFailures = (backOff: BackOff, failures: number): number => {
  for (let i = 0; i < failures; i++) Effect.runSync(backOff.failed)
  return backOff.leftMillis(performance.now())
}

describe("BackOff", () => {
  it("pauses grow with each failure, and end with news", () => {
    const backOff = new BackOff(Schedule.exponential("1 seconds"))
    expect(backOff.leftMillis(performance.now())).toBe(0)
    const pauses = [1, 1, 1].map((failures) => pauseAfterFailures(backOff, failures))
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThan(1_000 * 2 ** i - 200)
      expect(pause).toBeLessThanOrEqual(1_000 * 2 ** i)
    }
    expect(backOff.failures).toBe(3)
    backOff.reset()
    expect([backOff.leftMillis(performance.now()), backOff.failures]).toEqual([0, 0])
  })

  it("pauses are bounded: the longest is 24 s with its chance", () => {
    const backOff = new BackOff(defaultBackOff)
    expect(pauseAfterFailures(backOff, 30)).toBeLessThanOrEqual(24_000)
    expect(pauseAfterFailures(backOff, 1)).toBeGreaterThan(15_000)
  })

  it("where a policy ends, its last pause stays", () => {
    const backOff = new BackOff(Schedule.intersect(Schedule.spaced("5 seconds"), Schedule.recurs(2)))
    expect(pauseAfterFailures(backOff, 10)).toBeGreaterThan(4_800)
  })
})
