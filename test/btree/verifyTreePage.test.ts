import { describe, expect, it } from "@effect/vitest"
import type { BlockReader } from "../../src/block/BlockStore.ts"
import { type TreeProgress, verifyTreePage } from "../../src/btree/verifyTreePage.ts"
import type { BlockViolation } from "../../src/verify/Structure.ts"
import { compareKeys } from "../conformance/btree.ts"
import { broken, make, type TestTree } from "./BrokenTrees.ts"

/** More pages than any tree here has branches. */
const MOST_PAGES = 10_000

const verifyAll = ({ root, store }: TestTree, heaviest = 1, reader: BlockReader = store) => {
  const violations: Array<BlockViolation> = []
  let at: TreeProgress | undefined
  let blocks = 0
  let mostPending = 0
  for (let page = 0; page < MOST_PAGES; page++) {
    const { blocks: checked, next, violations: found } = verifyTreePage(reader, root, compareKeys, at, heaviest)
    blocks += checked
    violations.push(...found)
    if (next === undefined) return { blocks, mostPending, violations }
    mostPending = Math.max(mostPending, next.pending.length)
    at = next
  }
  throw new Error("the check does not end")
}

/** Found by the bounds of keys instead: see the function's own words. */
const BY_BOUNDS = /another place refers to/

describe("verifyTreePage", () => {
  it("finds nothing wrong with a sound tree, looks at each block once, and keeps little in mind", () => {
    for (const count of [0, 1, 64, 65, 3_000, 20_000]) {
      const tree = make(count)
      const { blocks, mostPending, violations } = verifyAll(tree)
      expect(violations).toEqual([])
      expect(blocks).toBe(tree.store.blocks.size)
      expect(mostPending).toBeLessThanOrEqual(64)
    }
  })

  it.each(broken)("reports where this does not hold: %s", (_, says, damage) => {
    const tree = make(3_000)
    damage(tree)
    const { violations } = verifyAll(tree)
    const text = violations.map(({ block, reason }) => `${reason}, ${reason.replace(" ", ` ${block} `)}`).join("\n")
    expect(text).toMatch(says.source === BY_BOUNDS.source ? /separator/ : says)
  })

  it("names the block itself", () => {
    const tree = make(3_000)
    const { branch, leaf, put, root } = tree
    const block = leaf(branch(branch(root).children[1]!).children[2]!)
    put({ ...block, keys: [...block.keys].reverse() })
    expect(new Set(verifyAll(tree).violations.map((violation) => violation.block))).toEqual(new Set([block.header.id]))
  })

  it("is on the way again after each part, whatever was not in memory", () => {
    const tree = make(3_000)
    const wanted: Array<string> = []
    const reader: BlockReader = {
      get: (id) => {
        wanted.push(id)
        return tree.store.get(id)
      }
    }
    verifyAll(tree, 1, reader)
    // Branches are read twice: as children, and as what their children are checked against.
    expect(wanted.length).toBeLessThan(tree.store.blocks.size * 1.1)
  })
})
