import { describe, expect, it } from "@effect/vitest"
import * as BTree from "../../src/btree/BTree.ts"
import { compareKeys } from "../conformance/btree.ts"
import { broken, changeLeaf, make } from "./BrokenTrees.ts"
import { blockId, MemoryBlockStore } from "./MemoryBlockStore.ts"

describe("verifyTree", () => {
  it("finds nothing wrong with a sound tree", () => {
    for (const count of [0, 1, 64, 65, 3_000]) expect(make(count).verify()).toEqual([])
  })

  it.each(broken)("reports where this does not hold: %s", (_, says, damage) => {
    const tree = make(3_000)
    damage(tree)
    expect(tree.verify().join("\n")).toMatch(says)
  })

  it("reports a root that is a leaf", () => {
    const tree = make(0)
    const violations = BTree.verifyTree(tree.store, tree.branch().children[0]!, compareKeys)
    expect(violations.join()).toMatch(/is the root/)
  })

  it("reports an empty leaf that is not the only one", () => {
    const tree = make(3_000)
    changeLeaf(tree, 1, { entries: () => [], keys: () => [] })
    expect(tree.verify().join()).toMatch(/weighs 0, less than 32/)
  })

  it("stops after a bounded number of violations", () => {
    const tree = make(3_000)
    const backwards = BTree.verifyTree(tree.store, tree.root, (a, b) => compareKeys(b, a))
    expect(backwards.length).toBe(20)
  })

  it("a block that is not in memory is a fault, not a violation", () => {
    const { store, verify } = make(3_000)
    expect(verify()).toEqual([])
    const absent = new MemoryBlockStore(() => true)
    for (const [id, block] of store.blocks) absent.blocks.set(id, block)
    expect(absent.run(() => BTree.verifyTree(absent, blockId(1), compareKeys))).toEqual([])
    // One for the root, one for its first child, and one for all children of each branch.
    expect(absent.faults.length).toBeLessThan(8)
  })
})
