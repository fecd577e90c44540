import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { StorageKey, StorageWrite } from "../../../services/RawStorage.ts"
import { SimulatedDisk } from "../../../simulator/disk/SimulatedDisk.ts"
import { FaultCounts } from "../../../simulator/FaultCounts.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { inSimulation } from "../inSimulation.ts"

const keyOf = (name: number): StorageKey => ["block", "b", "rev", name]
const put = (name: number): StorageWrite => ({ key: keyOf(name), type: "put", value: `${name}` })
const diskOf = (seed: number) => {
  const counts = new FaultCounts()
  return { counts, disk: new SimulatedDisk(Prng.make(seed), counts) }
}

describe("A simulated disk", () => {
  it("keeps what was said to be written, whatever crashes", () => {
    const found = inSimulation(
      Effect.gen(function* () {
        const { disk } = diskOf(1)
        yield* disk.open().write([put(1)])
        disk.crash()
        return yield* disk.open().get(keyOf(1))
      })
    )
    expect(found).toBe("1")
  })

  it("tells when something is being written, before anything of it is durable", () => {
    const found = inSimulation(
      Effect.gen(function* () {
        const { disk } = diskOf(1)
        const raw = disk.open()
        yield* Effect.fork(Effect.zipRight(Effect.sleep("5 millis"), raw.write([put(1)])))
        yield* disk.writing
        const now = yield* Clock.currentTimeMillis
        return { found: yield* raw.get(keyOf(1)), now }
      })
    )
    expect(found).toEqual({ found: undefined, now: 5 })
  })

  it("keeps of a write that a crash interrupts nothing or all, each at times", () => {
    const outcomes = new Set(
      Array.from({ length: 30 }, (_, seed) =>
        inSimulation(
          Effect.gen(function* () {
            const { counts, disk } = diskOf(seed)
            const raw = disk.open()
            const writing = yield* Effect.fork(Effect.either(raw.write([put(1), put(2)])))
            yield* Effect.sleep(`${seed * 70} micros`)
            disk.crash()
            const said = yield* Fiber.join(writing)
            const found = yield* disk.open().getMany([keyOf(1), keyOf(2)])
            expect([undefined, "1"].includes(found[0])).toBe(true)
            expect(found[1] === undefined).toBe(found[0] === undefined)
            // What was acknowledged is there.
            expect(said._tag === "Left" || found[0] === "1").toBe(true)
            return Object.keys(counts.toJSON()).join() || "too-late"
          }),
          seed
        )
      )
    )
    expect([...outcomes].toSorted()).toEqual(["too-late", "write-kept", "write-lost", "write-unheard"])
  })

  it("is lost to who opened it before a crash", () => {
    const [read, write] = inSimulation(
      Effect.gen(function* () {
        const { disk } = diskOf(1)
        const raw = disk.open()
        disk.crash()
        const errors = [yield* Effect.flip(raw.get(keyOf(1))), yield* Effect.flip(raw.write([put(1)]))]
        return errors.map(({ _tag }) => _tag)
      })
    )
    expect([read, write]).toEqual(["StorageUnavailable", "StorageUnavailable"])
  })

  it("says that a record is corrupt, and never gives a wrong one", () => {
    const { counts, results } = inSimulation(
      Effect.gen(function* () {
        const { counts, disk } = diskOf(1)
        const raw = disk.open()
        yield* raw.write([put(1)])
        disk.weather.corruptShare = 0.5
        const reads = [
          raw.get(keyOf(1)),
          Effect.map(raw.getMany([keyOf(1)]), ([value]) => value),
          Effect.map(raw.range({ block: "b", kind: "rev", limit: 1, space: "block" }), ([record]) => record?.value)
        ]
        const results = yield* Effect.forEach(
          Array.from({ length: 60 }, (_, i) => reads[i % reads.length]!),
          Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: (value) => value })
        )
        return { counts: counts.toJSON(), results }
      })
    )
    expect(new Set(results)).toEqual(new Set(["1", "CorruptRecord"]))
    expect(counts).toEqual({ "corrupt-read": results.filter((result) => result === "CorruptRecord").length })
  })

  it("refuses writes as a full disk does, and leaves nothing of them", () => {
    const [error, found] = inSimulation(
      Effect.gen(function* () {
        const { disk } = diskOf(1)
        disk.weather.refusedShare = 1
        const error = yield* Effect.flip(disk.open().write([put(1)]))
        disk.crash()
        return [error._tag, yield* disk.open().get(keyOf(1))] as const
      })
    )
    expect([error, found]).toEqual(["StorageUnavailable", undefined])
  })
})
