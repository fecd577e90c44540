import { describe, expect, it } from "@effect/vitest"
import { NetworkName } from "../../schemas/Manifest.ts"
import { signRecord } from "../../src/directory/PeerRecords.ts"
import type { Verdict } from "../../src/directory/Registry.ts"
import { CLAIM, recordOf, Village } from "./peers.ts"

const village = new Village("registry")
const [self, teller, other] = [village.signer(), village.signer(), village.signer()]

/** Records told one after the other: by whom, of what, how long silent, when, and what became of it. */
type Telling = readonly [
  record: ReturnType<typeof recordOf>,
  verdict: Verdict,
  options?: {
    readonly at?: number
    readonly by?: typeof teller
    readonly silent?: number
  }
]

const foreign = signRecord(other, NetworkName.make("elsewhere"), { ...CLAIM, peer: other.peer, sequence: 1 })
const second = recordOf(other, { sequence: 2 })
const [lesser, greater] = [recordOf(other), recordOf(other, { active: false })].toSorted((a, b) =>
  a.signature < b.signature ? -1 : 1
) as [ReturnType<typeof recordOf>, ReturnType<typeof recordOf>]

const histories: Record<string, ReadonlyArray<Telling>> = {
  "a record is taken up once, and one with a higher sequence in its place": [
    [recordOf(other), "new"],
    [recordOf(other), "known"],
    [second, "newer"],
    [recordOf(other), "known"]
  ],
  "of two records with one sequence all take the same": [
    [greater, "new"],
    [lesser, "newer"],
    [greater, "known"]
  ],
  "a record of another network, or with something else in it, is none": [
    [foreign, "forged"],
    [{ ...recordOf(other), active: false }, "forged"],
    [recordOf(other), "new"],
    [{ ...second, sequence: 3 }, "forged"]
  ],
  "a record that is silent for its lifetime is not taken up, unless its peer brings it itself": [
    [recordOf(other, { lifetimeMillis: 60_000 }), "expired", { silent: 60_000 }],
    [recordOf(other, { lifetimeMillis: 60_000 }), "new", { silent: 59_999 }],
    [recordOf(self), "own"],
    [recordOf(teller, { lifetimeMillis: 60_000 }), "new", { silent: 60_000 }]
  ],
  "a record of this peer's own tells whether it signed a newer one elsewhere": [
    [recordOf(self, { sequence: 9 }), "own-ahead"],
    [recordOf(self, { sequence: 9 }), "own"],
    [{ ...recordOf(self, { sequence: 10 }), active: false }, "forged"],
    [recordOf(self, { sequence: Number.MAX_SAFE_INTEGER }), "own"]
  ],
  "a peer that signs one record after the other is heard now and then": [
    [recordOf(other), "new"],
    ...Array.from({ length: 8 }, (_, i): Telling => [recordOf(other, { sequence: i + 2 }), "newer"]),
    [recordOf(other, { sequence: 10 }), "flooded"],
    [recordOf(other, { sequence: 10 }), "newer", { at: 5_000 }]
  ]
}

describe("A registry", () => {
  for (const [rule, tellings] of Object.entries(histories)) {
    it(rule, () => {
      const registry = village.registry({}, self)
      registry.sign(CLAIM, 0)
      for (const [record, verdict, { at = 0, by = teller, silent = 0 } = {}] of tellings) {
        expect(registry.learn(by.peer, { record, silentMillis: silent }, at)).toBe(verdict)
      }
    })
  }

  it("lets one peer tell of so many newcomers, and of more as time passes; others may tell of theirs", () => {
    const registry = village.registry({ introductions: { burst: 3, perMinute: 2 } }, self)
    const tell = (by: typeof teller, at: number) =>
      registry.learn(by.peer, { record: village.records(1)[0]!, silentMillis: 0 }, at)
    expect([0, 0, 0, 0].map((at) => tell(teller, at))).toEqual(["new", "new", "new", "flooded"])
    expect(tell(other, 0)).toBe("new")
    expect([30_000, 30_000].map((at) => tell(teller, at))).toEqual(["new", "flooded"])
  })

  it("lets so many strangers tell of themselves, all together", () => {
    const registry = village.registry({ strangers: { burst: 2, perMinute: 1 } }, self)
    const verdicts = Array.from({ length: 3 }, () => {
      const stranger = village.signer()
      return registry.learn(stranger.peer, { record: recordOf(stranger), silentMillis: 0 }, 0)
    })
    expect(verdicts).toEqual(["new", "new", "flooded"])
    expect(registry.learn(teller.peer, { record: recordOf(other), silentMillis: 0 }, 0)).toBe("new")
  })

  it("takes nobody up again on hearsay whom it has dropped, but for a newer record, or for itself", () => {
    const registry = village.registry({}, self)
    const told = { record: recordOf(other), silentMillis: 0 }
    const drop = () => registry.drop(registry.table.get(other.peer)!)
    registry.learn(teller.peer, told, 0)
    drop()
    expect(registry.learn(teller.peer, told, 0)).toBe("expired")
    expect(registry.learn(other.peer, told, 0)).toBe("new")
    drop()
    expect(registry.learn(teller.peer, { record: second, silentMillis: 0 }, 0)).toBe("new")
  })

  it("hearsay of a record that it knows is no sign of its peer; a newer one is", () => {
    const registry = village.registry({}, self)
    registry.learn(teller.peer, { record: recordOf(other), silentMillis: 100 }, 1_000)
    const entry = registry.table.get(other.peer)!
    expect(entry.signMillis).toBe(900)
    registry.learn(teller.peer, { record: recordOf(other), silentMillis: 0 }, 2_000)
    expect(entry.signMillis).toBe(900)
    registry.learn(teller.peer, { record: second, silentMillis: 100 }, 2_000)
    expect(entry.signMillis).toBe(1_900)
  })

  it("signs above whatever this peer has signed before", () => {
    const registry = village.registry({}, self)
    registry.sign(CLAIM, 0)
    registry.learn(teller.peer, { record: recordOf(self, { sequence: 70 }), silentMillis: 0 }, 0)
    expect(registry.isOwnBehind).toBe(true)
    registry.sign(CLAIM, 0)
    expect([registry.own?.sequence, registry.isOwnBehind]).toEqual([71, false])
    // A twin that signed the same number says something else under it.
    registry.learn(teller.peer, { record: recordOf(self, { active: false, sequence: 71 }), silentMillis: 0 }, 0)
    expect(registry.isOwnBehind).toBe(true)
  })

  it("tells what changed, once", () => {
    const registry = village.registry({}, self)
    const first = recordOf(other)
    registry.learn(teller.peer, { record: first, silentMillis: 0 }, 0)
    registry.learn(teller.peer, { record: second, silentMillis: 0 }, 0)
    registry.drop(registry.table.get(other.peer)!)
    const { peer } = other
    expect(registry.takeChanges()).toEqual([
      { after: first, before: undefined, peer },
      { after: second, before: first, peer },
      { after: undefined, before: second, peer }
    ])
    expect(registry.takeChanges()).toEqual([])
  })
})
