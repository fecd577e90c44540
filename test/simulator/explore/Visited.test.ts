import { describe, expect, it } from "@effect/vitest"
import { mixed } from "../../../simulator/explore/mixed.ts"
import { Visited } from "../../../simulator/explore/Visited.ts"

const MANY = 200_000

describe("A set of hashes", () => {
  it("has what was added, once, however much that is", () => {
    const visited = new Visited()
    const hashes = Array.from({ length: MANY }, (_, i) => [mixed(2 * i), mixed(2 * i + 1)] as const)
    expect(hashes.every(([high, low]) => visited.add(high, low))).toBe(true)
    expect(hashes.some(([high, low]) => visited.add(high, low))).toBe(false)
    expect(visited.size).toBe(MANY)
  })

  it("tells hashes apart that differ in either half, and has a place for zero", () => {
    const visited = new Visited()
    expect([visited.add(0, 0), visited.add(0, 0)]).toEqual([true, false])
    expect([visited.add(1, 0), visited.add(0, 2), visited.add(1, 2)]).toEqual([true, true, true])
    expect(visited.size).toBe(4)
  })
})
