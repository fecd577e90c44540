import { describe, expect, it } from "@effect/vitest"
import { Invalid } from "../../schemas/Errors.ts"
import type { Json } from "../../schemas/Json.ts"
import * as BTree from "../../src/btree/BTree.ts"
import * as Prng from "../../src/random/Prng.ts"
import { compareKeys } from "../conformance/btree.ts"
import { MemoryBlockStore } from "./MemoryBlockStore.ts"

const COUNT = 3_000

/** Entries "0", "2", … at keys 0, 2, … in a tree of three levels. */
const evenNumbers = (count: number) => {
  const store = new MemoryBlockStore()
  const root = BTree.create(store)
  const keys = Array.from({ length: count }, (_, n) => n * 2)
  for (const key of Prng.make("paths").shuffle(keys)) BTree.set(store, root, compareKeys, key, String(key))
  return { find: (key: Json) => BTree.find(store, root, compareKeys, key), keys, root, store }
}

describe("Path", () => {
  it("find is on the entry of a key, or in the crack where it would be", () => {
    const { find, keys, store } = evenNumbers(COUNT)
    for (const key of keys) {
      expect(BTree.at(store, find(key))).toEqual([key, String(key)])
      const crack = find(key + 1)
      expect(crack.on).toBe(false)
      expect(BTree.at(store, crack)).toBeUndefined()
      expect(BTree.at(store, BTree.prior(store, crack))?.[0]).toBe(key)
      expect(BTree.at(store, BTree.next(store, crack))?.[0]).toBe(key === keys.at(-1) ? undefined : key + 2)
    }
  })

  it("next and prior are each other's inverse, and end in the cracks outside", () => {
    const { keys, root, store } = evenNumbers(COUNT)
    const upwards: Array<Json> = []
    let path = BTree.first(store, root)
    for (; path.on; path = BTree.next(store, path)) {
      upwards.push(BTree.at(store, path)![0])
      if (upwards.length > 1) expect(BTree.next(store, BTree.prior(store, path))).toEqual(path)
    }
    expect(upwards).toEqual(keys)
    expect(path.index).toBe(path.leaf.keys.length)
    expect(BTree.next(store, path)).toEqual(path)
    expect(BTree.prior(store, path)).toEqual(BTree.last(store, root))
    const downwards: Array<Json> = []
    for (path = BTree.prior(store, path); path.on; path = BTree.prior(store, path)) {
      downwards.push(BTree.at(store, path)![0])
      if (downwards.length > 1) expect(BTree.prior(store, BTree.next(store, path))).toEqual(path)
    }
    expect(downwards.reverse()).toEqual(keys)
    const before = BTree.prior(store, BTree.first(store, root))
    expect([before.on, before.index]).toEqual([false, 0])
    expect(BTree.prior(store, before)).toEqual(before)
    expect(BTree.next(store, before)).toEqual(BTree.first(store, root))
  })

  it("an empty tree has one crack", () => {
    const { find, root, store } = evenNumbers(0)
    for (const path of [find(1), BTree.first(store, root), BTree.last(store, root)]) {
      expect([path.on, path.index]).toEqual([false, 0])
      expect(BTree.next(store, path)).toEqual(path)
      expect(BTree.prior(store, path)).toEqual(path)
    }
  })

  it("a path is no longer valid once the store has changed, and says so", () => {
    const { find, root, store } = evenNumbers(COUNT)
    const path = find(10)
    expect(BTree.isValid(store, path)).toBe(true)
    BTree.set(store, root, compareKeys, 5_000, "new")
    expect(BTree.isValid(store, path)).toBe(false)
    for (const use of [BTree.next, BTree.prior, BTree.at]) expect(() => use(store, path)).toThrow(Invalid)
    expect(BTree.isValid(store, find(10))).toBe(true)
    BTree.get(store, root, compareKeys, 10)
    const again = find(12)
    BTree.remove(store, root, compareKeys, 11)
    expect(BTree.isValid(store, again)).toBe(true)
  })

  it("a snapshot without a version never makes a path invalid", () => {
    const { root, store } = evenNumbers(100)
    const snapshot = { get: (id: typeof root) => store.blocks.get(id) }
    const path = BTree.next(snapshot, BTree.find(snapshot, root, compareKeys, 10))
    expect(BTree.at(snapshot, path)).toEqual([12, "12"])
  })
})
