import { describe, expect, it } from "@effect/vitest"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import * as Prng from "../../src/random/Prng.ts"

interface Value {
  readonly weight: number
}

const weigh = ({ weight }: Value) => weight

/** A cache that counts what it holds, by asking for each key that was ever set. */
const weightOf = (cache: BoundedCache<number, Value>, keys: Iterable<number>) => {
  let weight = 0
  // Asking moves values about, but adds none.
  for (const key of keys) weight += cache.get(key)?.weight ?? 0
  return weight
}

describe("BoundedCache", () => {
  it.each([1, 2, 3, 5, 7])("never holds more than its bound, of values that weigh %d", (weight) => {
    const random = Prng.make(weight)
    for (let bound = 0; bound < 40; bound++) {
      const cache = new BoundedCache<number, Value>(bound, weigh)
      for (let step = 0; step < 500; step++) {
        const key = random.nextInt(30)
        if (random.nextInt(3) === 0) cache.get(key)
        else cache.set(key, { weight })
        expect(cache.size * weight).toBeLessThanOrEqual(bound)
      }
    }
  })

  it("never holds more than its bound, of values of any weight", () => {
    const random = Prng.make("weights")
    for (let turn = 0; turn < 300; turn++) {
      const bound = random.nextInt(60)
      const cache = new BoundedCache<number, Value>(bound, weigh)
      for (let step = random.nextInt(60); step > 0; step--) {
        const key = random.nextInt(20)
        const kind = random.nextInt(6)
        if (kind === 0) cache.delete(key)
        else if (kind === 1) cache.get(key)
        else cache.set(key, { weight: random.nextInt(bound + 5) })
      }
      expect(weightOf(cache, Array(20).keys())).toBeLessThanOrEqual(bound)
    }
  })

  it("gives the value that was set last, or none", () => {
    const random = Prng.make("model")
    const cache = new BoundedCache<number, Value>(50, weigh)
    const model = new Map<number, Value>()
    let hits = 0
    for (let step = 0; step < 5_000; step++) {
      const key = random.nextInt(40)
      const kind = random.nextInt(5)
      if (kind === 0) {
        cache.delete(key)
        model.delete(key)
      } else if (kind === 1) {
        const value = { weight: 1 + random.nextInt(3) }
        cache.set(key, value)
        model.set(key, value)
      } else {
        const found = cache.get(key)
        if (found !== undefined) {
          hits++
          expect(found).toBe(model.get(key))
        }
      }
    }
    expect(hits).toBeGreaterThan(500)
  })

  it("a value that is asked for again and again stays, whatever passes by", () => {
    const cache = new BoundedCache<number, Value>(100, weigh)
    const kept = { weight: 1 }
    cache.set(-1, kept)
    for (let key = 0; key < 10_000; key++) {
      cache.set(key, { weight: 1 })
      if (key % 40 === 0) expect(cache.get(-1)).toBe(kept)
    }
  })

  it("what is not asked for goes", () => {
    const cache = new BoundedCache<number, Value>(100, weigh)
    for (let key = 0; key < 1_000; key++) cache.set(key, { weight: 1 })
    expect(cache.get(0)).toBeUndefined()
    expect(cache.get(999)).toBeDefined()
  })

  it("holds at least half of its bound before it drops anything", () => {
    const cache = new BoundedCache<number, Value>(100, weigh)
    for (let key = 0; key < 50; key++) cache.set(key, { weight: 1 })
    expect(cache.size).toBe(50)
  })

  it("a value that weighs more than half of the bound is not kept, nor the one it replaces, and drops no other", () => {
    const cache = new BoundedCache<number, Value>(100, weigh)
    for (let key = 0; key < 10; key++) cache.set(key, { weight: 1 })
    cache.set(3, { weight: 51 })
    expect(cache.get(3)).toBeUndefined()
    expect(cache.size).toBe(9)
  })

  it("is empty once cleared", () => {
    const cache = new BoundedCache<number, Value>(10, weigh)
    for (let key = 0; key < 20; key++) cache.set(key, { weight: 1 })
    cache.clear()
    expect(cache.size).toBe(0)
    for (let key = 0; key < 5; key++) cache.set(key, { weight: 1 })
    expect(cache.size).toBe(5)
  })
})
