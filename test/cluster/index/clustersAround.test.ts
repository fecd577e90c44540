import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "../../../schemas/Ids.ts"
import { clustersAround } from "../../../src/cluster/index/clustersAround.ts"
import { KeySpace, type Placed } from "../../../src/network/KeySpace.ts"
import { type Point, pointOf } from "../../../src/network/Point.ts"
import * as Prng from "../../../src/random/Prng.ts"

const CLUSTER_SIZE = 4
const PLACES = 20_000

const pointDrawn = (prng: Prng.Prng): Point => pointOf(prng.bytes(16))
const drawn = (prng: Prng.Prng, count: number): ReadonlyArray<Placed> =>
  Array.from({ length: count }, (_, i) => ({ peer: `peer-${i}` as PeerId, point: pointDrawn(prng) }))

const named = (placed: ReadonlyArray<Placed>): string =>
  placed
    .map(({ peer }) => peer)
    .toSorted()
    .join()

describe("The clusters around a peer", () => {
  it.each([5, 6, 9, 20, 200])("are those of all places to which it is closest, among %i peers", (count) => {
    const prng = Prng.make(`clusters ${count}`)
    const [own, ...others] = drawn(prng, count)
    const found = new Set(clustersAround(own!, others, CLUSTER_SIZE)!.map(named))
    const space = new KeySpace([own!, ...others])
    const seen = new Set<string>()
    for (let i = 0; i < PLACES; i++) {
      const nearest = space.nearest(pointDrawn(prng), CLUSTER_SIZE + 1)
      if (!nearest.some(({ peer }) => peer === own!.peer)) continue
      seen.add(named(nearest.filter(({ peer }) => peer !== own!.peer)))
    }
    expect([...seen].filter((cluster) => !found.has(cluster))).toEqual([])
    // Some are of places that hardly any name has.
    expect(seen.size).toBeGreaterThan(found.size / 4)
  })

  it("are one of all others where these are no more than a cluster has", () => {
    const [own, ...others] = drawn(Prng.make("few"), 5)
    expect(clustersAround(own!, [], CLUSTER_SIZE)).toEqual([])
    expect(clustersAround(own!, others.slice(0, 2), CLUSTER_SIZE)!.map(named)).toEqual([named(others.slice(0, 2))])
    expect(clustersAround(own!, others, CLUSTER_SIZE)!.map(named)).toEqual([named(others)])
  })
})
