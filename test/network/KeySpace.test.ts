import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "../../schemas/Ids.ts"
import { KeySpace, type Placed } from "../../src/network/KeySpace.ts"
import { compareDistance, POINT_BITS, type Point, pointOf, sharedBits } from "../../src/network/Point.ts"
import * as Prng from "../../src/random/Prng.ts"

const prng = Prng.make("key space")

/** Points that share many bits, as those that somebody searched for, and points like hashes. */
const drawPoint = (isCrowded: boolean): Point => {
  const bytes = prng.bytes(POINT_BITS / 8)
  if (isCrowded) bytes.fill(0xa5, 0, prng.nextInt(POINT_BITS / 8))
  return pointOf(bytes)
}

const drawPlaced = (count: number): Array<Placed> =>
  Array.from({ length: count }, (_, i) => ({ peer: `peer ${i}` as PeerId, point: drawPoint(prng.nextInt(2) === 0) }))

const naive = (placed: ReadonlyArray<Placed>, point: Point, count: number) =>
  placed.toSorted((a, b) => compareDistance(point, a.point, b.point)).slice(0, count)

describe("A key space", () => {
  it("gives the same closest peers as sorting all of them, as they come and go", () => {
    const all = drawPlaced(200)
    const space = new KeySpace()
    let present: ReadonlyArray<Placed> = []
    for (const placed of all) {
      space.add(placed)
      space.add(placed)
      present = [...present, placed]
      if (prng.nextInt(3) === 0) {
        const gone = prng.pick(present)
        space.delete(gone)
        space.delete(gone)
        present = present.filter((other) => other !== gone)
      }
      const point = drawPoint(prng.nextInt(2) === 0)
      const count = 1 + prng.nextInt(12)
      expect(space.nearest(point, count)).toEqual(naive(present, point, count))
    }
    expect(space.size).toBe(present.length)
  })

  it("tells who shares leading bits with a point", () => {
    const all = drawPlaced(100)
    const space = new KeySpace(all)
    for (let bits = 0; bits < 60; bits++) {
      const { point } = prng.pick(all)
      const [from, to] = space.sharing(point, bits)
      const expected = all.filter((placed) => sharedBits(placed.point, point) >= bits)
      expect(new Set(space.all.slice(from, to))).toEqual(new Set(expected))
    }
  })

  it("holds peers at one point apart by their ids, in one order whatever came first", () => {
    const point = drawPoint(false)
    const [a, b] = [
      { peer: "a" as PeerId, point },
      { peer: "b" as PeerId, point }
    ]
    for (const placed of [
      [a, b],
      [b, a]
    ])
      expect(new KeySpace(placed).nearest(point, 2)).toEqual([a, b])
  })
})
