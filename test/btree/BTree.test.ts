import { describe, expect, it } from "@effect/vitest"
import type { BranchBlock, LeafBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { applyTransform } from "../../src/block/apply.ts"
import { Tracker } from "../../src/block/Tracker.ts"
import * as BTree from "../../src/btree/BTree.ts"
import * as Prng from "../../src/random/Prng.ts"
import { compareKeys, fuzzBTree } from "../conformance/btree.ts"
import { blockId, MemoryBlockStore } from "./MemoryBlockStore.ts"

const make = (isAbsent?: () => boolean) => {
  const store = new MemoryBlockStore(isAbsent)
  const root = BTree.create(store)
  return {
    block: <B = BranchBlock>(id: BlockId = root) => store.blocks.get(id) as unknown as B,
    get: (key: Json) => BTree.get(store, root, compareKeys, key),
    remove: (key: Json) => store.run(() => BTree.remove(store, root, compareKeys, key)),
    root,
    set: (key: Json, entry: Json = key) => store.run(() => BTree.set(store, root, compareKeys, key, entry)),
    store,
    verify: (heaviest?: number) => BTree.verifyTree(store, root, compareKeys, heaviest)
  }
}

type TestTree = ReturnType<typeof make>

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

const leafSizes = (tree: TestTree) => tree.block().children.map((id) => tree.block<LeafBlock>(id).keys.length)

/** Text whose JSON, with a small key, weighs this many units. */
const heavy = (units: number) => "x".repeat(units * 512 - 100)

describe("BTree", () => {
  it("an empty tree is a root branch with one empty leaf", () => {
    const tree = make()
    expect(tree.block().keys).toEqual([])
    expect(leafSizes(tree)).toEqual([0])
    expect(tree.verify()).toEqual([])
    expect(tree.get(1)).toBeUndefined()
    expect(tree.remove(1)).toBeUndefined()
  })

  it("set and remove return the entry that was there, and a key stays as it was first written", () => {
    const tree = make()
    const ignoringCase = (a: Json, b: Json) => compareKeys(String(a).toLowerCase(), String(b).toLowerCase())
    expect(BTree.set(tree.store, tree.root, ignoringCase, "Key", null)).toBeUndefined()
    expect(BTree.set(tree.store, tree.root, ignoringCase, "KEY", 2)).toBeNull()
    expect(BTree.find(tree.store, tree.root, ignoringCase, "key").leaf.keys).toEqual(["Key"])
    expect(BTree.remove(tree.store, tree.root, ignoringCase, "kEY")).toBe(2)
    expect(BTree.remove(tree.store, tree.root, ignoringCase, "key")).toBeUndefined()
  })

  it("a change of one key is one small splice for each property that it changes", () => {
    const tree = make()
    for (const key of numbers(40)) tree.set(key * 2)
    tree.set(31, { a: 1 })
    expect(tree.store.updates).toEqual([
      [
        ["keys", 16, 0, [31]],
        ["entries", 16, 0, [{ a: 1 }]]
      ]
    ])
    tree.set(31, "new")
    expect(tree.store.updates).toEqual([[["entries", 16, 1, ["new"]]]])
    tree.remove(31)
    expect(tree.store.updates).toEqual([
      [
        ["keys", 16, 1, []],
        ["entries", 16, 1, []]
      ]
    ])
    tree.set(30, 30)
    expect(tree.store.updates).toEqual([])
  })

  it("a leaf takes 64 small entries, and is divided evenly by the 65th", () => {
    const tree = make()
    for (const key of numbers(64)) tree.set(key)
    expect(leafSizes(tree)).toEqual([64])
    tree.set(64)
    expect(leafSizes(tree)).toEqual([33, 32])
    expect(tree.block().keys).toEqual([33])
  })

  it("a leaf of 31 takes from a sibling of 34, and is joined with one of 33", () => {
    const joined = make()
    for (const key of numbers(66)) joined.set(key)
    joined.remove(0)
    joined.remove(1)
    expect(leafSizes(joined)).toEqual([64])
    const shared = make()
    for (const key of numbers(67)) shared.set(key)
    shared.remove(0)
    shared.remove(1)
    expect(leafSizes(shared)).toEqual([33, 32])
    expect(shared.block().keys).toEqual([35])
    expect(shared.verify(1)).toEqual([])
  })

  it("the root keeps its id while levels come and go, and no block is left behind", () => {
    const tree = make()
    const branchLevels = () => BTree.first(tree.store, tree.root).steps.length
    for (const key of numbers(5_000)) tree.set(key)
    expect(branchLevels()).toBe(2)
    expect(tree.verify(1)).toEqual([])
    for (const key of numbers(5_000)) tree.remove(key)
    expect(branchLevels()).toBe(1)
    expect(tree.store.blocks.size).toBe(2)
    expect(tree.verify(1)).toEqual([])
  })

  it("no node is ever over capacity or under its minimum, in whatever order keys come and go", () => {
    const shuffled = Prng.make("orders").shuffle(numbers(2_300))
    const orders = [numbers(2_300), numbers(2_300).reverse(), shuffled]
    for (const inserts of orders) {
      for (const removals of orders) {
        const tree = make()
        for (const [n, key] of inserts.entries()) {
          tree.set(key)
          if (n % 65 === 0 || n > 2_000) expect(tree.verify(1)).toEqual([])
        }
        for (const [n, key] of removals.entries()) {
          expect(tree.remove(key)).toBe(key)
          expect(tree.get(key)).toBeUndefined()
          if (n % 50 === 0 || n > 2_200) expect(tree.verify(1)).toEqual([])
        }
      }
    }
  })

  it("heavy separators leave each branch at least two children, and a removal may divide a branch", () => {
    const tree = make()
    const prng = Prng.make("heavy separators")
    // Each fourth key is short, so that a leaf's division may replace a light separator by a heavy one.
    const keys = numbers(500).map((n) => String(n).padStart(6, "0") + (n % 4 === 0 ? "" : heavy(20)))
    let divided = 0
    for (const [n, key] of prng.shuffle(keys).entries()) {
      tree.set(key, n)
      if (n % 20 === 0) expect(tree.verify()).toEqual([])
    }
    expect(BTree.first(tree.store, tree.root).steps.length).toBeGreaterThan(3)
    for (const [n, key] of prng.shuffle(keys).entries()) {
      const before = tree.store.blocks.size
      tree.remove(key)
      if (tree.store.blocks.size > before) divided += 1
      if (n % 20 === 0) expect(tree.verify()).toEqual([])
    }
    expect(divided).toBeGreaterThan(0)
    expect(tree.store.blocks.size).toBe(2)
  })

  it("an entry that becomes lighter or heavier joins or divides its leaf", () => {
    const tree = make()
    for (const key of [1, 2, 3, 4]) tree.set(key, heavy(20))
    expect(leafSizes(tree)).toEqual([2, 2])
    tree.set(1, "light")
    tree.set(2, "light")
    expect(leafSizes(tree)).toEqual([4])
    tree.set(1, heavy(20))
    tree.set(2, heavy(20))
    expect(leafSizes(tree)).toEqual([2, 2])
    tree.set(2, heavy(1_000))
    expect(tree.verify()).toEqual([])
  })

  it("where heavy entries cannot be shared more evenly, a removal touches one leaf only", () => {
    const tree = make()
    for (const key of numbers(37).reverse()) tree.set(key, key === 4 ? heavy(32) : key)
    expect(leafSizes(tree)).toEqual([5, 32])
    tree.remove(5)
    expect(leafSizes(tree)).toEqual([5, 31])
    expect(tree.store.updates.length).toBe(1)
    expect(tree.verify()).toEqual([])
  })

  it("clear leaves an empty tree, and no block behind", () => {
    const prng = Prng.make("clear")
    const tree = make(() => prng.nextInt(2) === 0)
    for (const key of numbers(5_000)) tree.set(key)
    tree.store.run(() => BTree.clear(tree.store, tree.root))
    expect(tree.store.blocks.size).toBe(2)
    expect(leafSizes(tree)).toEqual([0])
    expect(tree.verify()).toEqual([])
    tree.set(1)
    expect(tree.get(1)).toBe(1)
  })

  it("clear lets go of a tree of more blocks than it may remove, and reads few of them", () => {
    const tree = make()
    for (const key of numbers(5_000)) tree.set(key)
    const blocks = tree.store.blocks.size
    const read = new Set<string>()
    const get = tree.store.get.bind(tree.store)
    tree.store.get = (id) => {
      read.add(id)
      return get(id)
    }
    expect(BTree.clear(tree.store, tree.root, blocks - 2)).toBe(false)
    expect(tree.store.blocks.size).toBe(blocks + 1)
    expect(read.size).toBeLessThan(10)
    expect(leafSizes(tree)).toEqual([0])
    expect(tree.verify()).toEqual([])
    tree.set(1)
    expect(BTree.clear(tree.store, tree.root, 1)).toBe(true)
    expect(leafSizes(tree)).toEqual([0])
  })

  it("a procedure that is started again at any absent block makes the same tree", () => {
    const prng = Prng.make("faults")
    const [steady, faulty] = [make(), make(() => prng.nextInt(4) === 0)]
    const draws = Prng.make("operations")
    for (let n = 0; n < 6_000; n++) {
      const key = draws.nextInt(4_000)
      const writes = n < 4_000 || draws.nextInt(4) === 0
      for (const tree of [steady, faulty]) writes ? tree.set(key, { n }) : tree.remove(key)
    }
    expect(faulty.store.faults.length).toBeGreaterThan(2_000)
    expect(faulty.store.blocks).toEqual(steady.store.blocks)
  })

  it("over a tracker, the transforms lead from the blocks before to the blocks after", () => {
    const before = make()
    for (const key of numbers(3_000)) before.set(key * 2)
    const tracker = new Tracker(before.store, (type, index) => ({
      collectionId: before.block().header.collectionId,
      id: blockId(1_000_000 + index),
      type
    }))
    const prng = Prng.make("tracker")
    const keys = prng.shuffle(numbers(6_000)).slice(0, 3_000)
    for (const key of keys) {
      if (key % 3 === 0) BTree.set(tracker, before.root, compareKeys, key, "new")
      else BTree.remove(tracker, before.root, compareKeys, key)
    }
    expect(BTree.verifyTree(tracker, before.root, compareKeys, 1)).toEqual([])
    const after = new Map(before.store.blocks)
    for (const [id, { transform }] of tracker.changes) {
      const block = applyTransform(after.get(id), transform)
      if (block === undefined) after.delete(id)
      else after.set(id, block)
    }
    const replayed = { get: (id: BlockId) => after.get(id) }
    expect(BTree.verifyTree(replayed, before.root, compareKeys, 1)).toEqual([])
    for (const key of numbers(6_000)) {
      const expected = BTree.get(tracker, before.root, compareKeys, key)
      expect(BTree.get(replayed, before.root, compareKeys, key)).toEqual(expected)
    }
  })

  it.each(numbers(6))("agrees with a sorted array under random operations: seed %d", (seed) => {
    const report = fuzzBTree({ operations: 5_000, seed })
    expect(report.violation).toBeUndefined()
    expect(report.operations).toBe(5_000)
    expect(report.largest).toBeGreaterThan(500)
  })
})
