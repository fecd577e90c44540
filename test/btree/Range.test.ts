import { describe, expect, it } from "@effect/vitest"
import type { BranchBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import { BlockFault } from "../../src/block/BlockStore.ts"
import * as BTree from "../../src/btree/BTree.ts"
import { compareKeys } from "../conformance/btree.ts"
import { SortedArray } from "../reference/SortedArray.ts"
import { MemoryBlockStore } from "./MemoryBlockStore.ts"

const make = (count: number) => {
  const store = new MemoryBlockStore()
  const root = BTree.create(store)
  const model = new SortedArray(compareKeys)
  for (let n = 0; n < count; n++) {
    BTree.set(store, root, compareKeys, n * 2, n)
    model.set(n * 2, n)
  }
  return { model, root, store }
}

type TestTree = ReturnType<typeof make>

/** All keys of a range, page by page. */
const keysOf = ({ root, store }: TestTree, range: BTree.KeyRange, reverse: boolean, limit: number) => {
  const keys: Array<Json> = []
  let after: Json | undefined
  do {
    const page = BTree.rangePage(store, root, compareKeys, range, { after, limit, reverse })
    const found = page.slices.flatMap(({ end, leaf, start }) => {
      expect(end).toBeGreaterThan(start)
      return reverse ? leaf.keys.slice(start, end).reverse() : leaf.keys.slice(start, end)
    })
    expect(found.length).toBe(page.count)
    expect(found.length).toBeLessThanOrEqual(limit)
    keys.push(...found)
    after = page.resumeAfter
    if (after !== undefined) expect(after).toBe(found.at(-1))
  } while (after !== undefined)
  return keys
}

/** A reader without the given blocks in memory. */
const without = ({ store }: TestTree, absent: ReadonlySet<BlockId>) => ({
  get: (id: BlockId) => {
    if (absent.has(id)) throw new BlockFault([id])
    return store.get(id)
  }
})

const faultOf = (procedure: () => unknown): ReadonlyArray<BlockId> => {
  try {
    procedure()
  } catch (fault) {
    if (fault instanceof BlockFault) return fault.ids
    throw fault
  }
  return []
}

describe("Range", () => {
  it("a range holds what the model says, for all kinds of bounds, directions and page sizes", () => {
    const tree = make(200)
    const bounds = [undefined, -1, ...Array.from({ length: 27 }, (_, n) => n * 15), 398, 399]
    for (const from of bounds) {
      for (const to of bounds) {
        for (const [fromExclusive, toExclusive] of [
          [false, false],
          [true, false],
          [false, true],
          [true, true]
        ]) {
          const range = {
            ...(from === undefined ? {} : { from }),
            ...(to === undefined ? {} : { to }),
            fromExclusive: fromExclusive!,
            toExclusive: toExclusive!
          }
          const expected = tree.model.keys.slice(...tree.model.range(range))
          if (BTree.count(tree.store, tree.root, compareKeys, range) !== expected.length) expect.fail("count")
          expect(keysOf(tree, range, false, 70)).toEqual(expected)
          expect(keysOf(tree, range, true, 70)).toEqual(expected.reverse())
        }
      }
    }
  })

  it("bounds that are separators are held exactly", () => {
    const tree = make(3_000)
    const branches = [...tree.store.blocks.values()].filter((block) => block.header.type === "branch")
    for (const bound of branches.flatMap((block) => (block as unknown as BranchBlock).keys)) {
      for (const exclusive of [false, true]) {
        for (const range of [
          { from: bound, fromExclusive: exclusive },
          { to: bound, toExclusive: exclusive }
        ]) {
          const [start, end] = tree.model.range(range)
          expect(BTree.count(tree.store, tree.root, compareKeys, range)).toBe(end - start)
          const page = { limit: 3_000, reverse: true }
          expect(BTree.rangePage(tree.store, tree.root, compareKeys, range, page).count).toBe(end - start)
        }
      }
    }
  })

  it("pages of one entry are the range, one by one", () => {
    const tree = make(150)
    for (const reverse of [false, true]) {
      const keys = keysOf(tree, {}, reverse, 1)
      expect(reverse ? keys.reverse() : keys).toEqual(tree.model.keys)
    }
  })

  it("a page goes on where the one before ended, even if the tree changed in between", () => {
    const { root, store } = make(1_000)
    const first = BTree.rangePage(store, root, compareKeys, {}, { limit: 100 })
    expect(first.resumeAfter).toBe(198)
    for (let key = 150; key <= 200; key++) BTree.remove(store, root, compareKeys, key)
    const second = BTree.rangePage(store, root, compareKeys, {}, { after: first.resumeAfter, limit: 100 })
    const { leaf, start } = second.slices[0]!
    expect(leaf.keys[start]).toBe(202)
  })

  it("the empty tree and the empty range have no slices", () => {
    const empty = make(0)
    const options = { limit: 10 }
    const none = { count: 0, resumeAfter: undefined, slices: [] }
    expect(BTree.rangePage(empty.store, empty.root, compareKeys, {}, options)).toEqual(none)
    const tree = make(500)
    expect(BTree.rangePage(tree.store, tree.root, compareKeys, { from: 9, to: 3 }, options)).toEqual(none)
    expect(BTree.rangePage(tree.store, tree.root, compareKeys, { from: 3, to: 3 }, options)).toEqual(none)
    expect(BTree.rangePage(tree.store, tree.root, compareKeys, { from: 5_000 }, options)).toEqual(none)
  })

  it("slices are of the leaf blocks themselves, so that what was made of a leaf can be kept with it", () => {
    const { root, store } = make(500)
    for (const { leaf } of BTree.rangePage(store, root, compareKeys, {}, { limit: 500 }).slices) {
      expect(store.blocks.get(leaf.header.id)).toBe(leaf)
    }
  })

  it("a scan asks for the leaves that follow together, as many as it is likely to need and none outside the range or in memory", () => {
    const tree = make(1_000)
    const { children, keys } = tree.store.blocks.get(tree.root) as unknown as BranchBlock
    const reader = without(tree, new Set(children.slice(1, -1)))
    const page = (range: BTree.KeyRange, options: BTree.RangePageOptions) =>
      faultOf(() => BTree.rangePage(reader, tree.root, compareKeys, range, options))
    expect(page({}, { limit: 1_000 })).toEqual(children.slice(1, 9))
    expect(page({}, { limit: 1_000, reverse: true })).toEqual(children.slice(-9, -1).reverse())
    expect(page({}, { limit: 97 })).toEqual(children.slice(1, 3))
    expect(page({ to: keys[3]! }, { limit: 1_000 })).toEqual(children.slice(1, 5))
    expect(page({ to: keys[3]!, toExclusive: true }, { limit: 1_000 })).toEqual(children.slice(1, 4))
    expect(page({ to: keys[0]!, toExclusive: true }, { limit: 1_000 })).toEqual([])
    const upper = { from: keys[keys.length - 3]! }
    expect(page(upper, { limit: 1_000, reverse: true })).toEqual(children.slice(-3, -1).reverse())
    expect(page({ from: keys.at(-1)! }, { limit: 1_000, reverse: true })).toEqual([])
    const counted = faultOf(() => BTree.count(reader, tree.root, compareKeys, {}))
    expect(counted).toEqual(children.slice(1, -1))
  })
})
