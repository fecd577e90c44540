import { describe, expect, it } from "@effect/vitest"
import type { PeerId } from "../../schemas/Ids.ts"
import { type Credit, fullCredit } from "../../src/directory/Allowances.ts"
import { DirectoryTable, type Entry } from "../../src/directory/DirectoryTable.ts"
import { KeySpace } from "../../src/network/KeySpace.ts"
import { POINT_BITS, type Point, pointOf } from "../../src/network/Point.ts"
import * as Prng from "../../src/random/Prng.ts"
import { recordOf, Village } from "./peers.ts"

const record = recordOf(new Village("table").signer())
const updates: Credit = fullCredit({ burst: 1, perMinute: 1 }, 0)
const CENTER: Point = [0, 0, 0, 0]
const LIMIT = 60
const NEIGHBOURS = 16

const tableOf = () =>
  new DirectoryTable({ center: CENTER, failuresUntilUnreachable: 2, limit: LIMIT, neighbours: NEIGHBOURS })

const entryAt = (name: string, point: Point, learnedMillis: number): Entry => ({
  failures: 0,
  learnedMillis,
  peer: name as PeerId,
  pingMillis: 0,
  point,
  record,
  shunnedUntilMillis: 0,
  signMillis: learnedMillis,
  toldSequence: 0,
  updates
})

const randomPoint = (prng: Prng.Prng): Point => pointOf(prng.bytes(POINT_BITS / 8))

describe("A directory table", () => {
  it("knows all while there is room, and who is closest where it says it is certain, however many come", () => {
    for (const seed of [1, 2, 3]) {
      const prng = Prng.make(seed)
      const table = tableOf()
      const all = new KeySpace()
      let certain = 0
      for (let i = 0; i < 600; i++) {
        const entry = entryAt(`peer ${i}`, randomPoint(prng), i)
        all.add(entry)
        table.add(entry)
        expect(table.isComplete).toBe(i < LIMIT)
        expect(table.size).toBe(Math.min(i + 1, LIMIT))
        // Now anywhere, now around this node.
        const point: Point = prng.nextInt(2) === 0 ? randomPoint(prng) : [prng.nextUint32() >>> 6, 0, 0, 0]
        if (!table.isCertain(point, 4)) continue
        certain++
        expect(table.nearest(point, 4, true).map(({ peer }) => peer)).toEqual(
          all.nearest(point, 4).map(({ peer }) => peer)
        )
      }
      expect(certain).toBeGreaterThan(LIMIT)
    }
  })

  it("a crowd of newcomers, wherever it stands, leaves of each distance as many as there is room for, the oldest", () => {
    const prng = Prng.make("crowd")
    const table = tableOf()
    const old = Array.from({ length: LIMIT }, (_, i) => entryAt(`old ${i}`, randomPoint(prng), i))
    for (const entry of old) table.add(entry)
    for (let i = 0; i < 1_000; i++) {
      const [first, ...rest] = randomPoint(prng)
      // In the half that this node is not in.
      table.add(entryAt(`new ${i}`, [(first | 0x80000000) >>> 0, ...rest] as Point, LIMIT + i))
    }
    expect([...table.entries].filter(({ peer }) => peer.startsWith("new"))).toEqual([])
    for (let i = 0; i < 1_000; i++) {
      // As close as somebody can come who searches for it.
      table.add(entryAt(`close ${i}`, [prng.nextInt(16), prng.nextUint32(), i, 0], 2_000 + i))
    }
    const kept = old.filter(({ peer }) => table.get(peer) !== undefined)
    expect(table.size).toBe(LIMIT)
    expect(kept.length).toBeGreaterThanOrEqual(LIMIT / 4)
  })

  it("a neighbour makes the newest of the others go", () => {
    const prng = Prng.make("neighbour")
    const table = tableOf()
    const far = Array.from({ length: LIMIT }, (_, i) =>
      entryAt(`far ${i}`, [(0x80000000 | prng.nextUint32()) >>> 0, 0, 0, i], i)
    )
    for (const entry of prng.shuffle(far)) table.add(entry)
    for (let i = 1; i <= 3; i++) expect(table.add(entryAt(`near ${i}`, [i, 0, 0, 0], LIMIT + i))).toBe(far[LIMIT - i])
  })

  it("who does not answer makes room first", () => {
    const prng = Prng.make("silent")
    const table = tableOf()
    const far = (i: number, name: string) =>
      entryAt(`${name} ${i}`, [(0x80000000 | prng.nextUint32()) >>> 0, 0, 0, i], i)
    const entries = Array.from({ length: LIMIT }, (_, i) => far(i, "old"))
    for (const entry of entries) table.add(entry)
    const silent = entries[7]!
    expect(table.add(far(LIMIT, "new"))).toBe("no-room")
    table.setFailures(silent, 2)
    expect(table.unreachable).toBe(1)
    expect(table.add(far(LIMIT + 1, "new"))).toBe(silent)
    expect(table.unreachable).toBe(0)
    expect(table.add(far(LIMIT + 2, "new"))).toBe("no-room")
  })

  it("counts as active those whose latest record says so", () => {
    const table = tableOf()
    const entry = entryAt("peer", CENTER, 0)
    table.add(entry)
    table.update(entry, { ...record, active: false })
    expect(table.nearest(CENTER, 1, true)).toEqual([])
    expect(table.nearest(CENTER, 1, false)).toEqual([entry])
    table.update(entry, record)
    expect(table.nearest(CENTER, 1, true)).toEqual([entry])
    table.remove(entry.peer)
    expect(table.nearest(CENTER, 1, true)).toEqual([])
  })
})
