import { beforeAll, describe, expect, it } from "@effect/vitest"
import type { DirectoryWorld } from "../../../simulator/directory/DirectoryWorld.ts"
import { type LookupTrial, scoreIn, settledWorld } from "../../../simulator/directory/Lookups.ts"
import { hasher } from "../../storage/TestServices.ts"

/** A tenth of what `npm run bench -- --only directory.lookup` does, each knowing a tenth of all. */
const TRIAL: LookupTrial = { count: 4, directoryLimit: 100, keys: 400, peers: 1_000, seed: 7, share: 0.2 }
/** Until all have joined takes seconds, and more on a busy machine. */
const SETTLE_TIMEOUT_MILLIS = 120_000
const POLICY = { neighbours: 40 }

describe("Look-ups among a thousand peers that know a hundred each", () => {
  let world: DirectoryWorld
  beforeAll(() => {
    world = settledWorld(hasher, TRIAL, POLICY)
  }, SETTLE_TIMEOUT_MILLIS)

  it("nobody knows more than may be, and those around it all", () => {
    for (const { machine, point } of world.inhabitants) {
      const { table } = machine.registry
      expect(table.size).toBe(TRIAL.directoryLimit)
      const around = world.around(point, 16)
      expect(around.filter((peer) => table.get(peer) === undefined)).toEqual([])
    }
  })

  it("find exactly those who are closest, with a dozen questions", () => {
    const { mean, right } = scoreIn(world, "honest", TRIAL)
    expect(right).toBeGreaterThanOrEqual(0.999)
    expect(mean).toBeLessThanOrEqual(12)
  })

  for (const company of ["dead", "lying", "mixed"] as const) {
    it(`find them where a fifth of all is ${company}, and tell where they are, though they are not there`, () => {
      const { most, right } = scoreIn(world, company, TRIAL)
      expect(right).toBeGreaterThanOrEqual(0.99)
      expect(most).toBeLessThanOrEqual(64)
    })
  }
})
