import type { Block } from "../../schemas/Block.ts"
import type { BranchBlock, LeafBlock } from "../../schemas/BlockTypes.ts"
import { CollectionId } from "../../schemas/Ids.ts"
import * as BTree from "../../src/btree/BTree.ts"
import { compareKeys } from "../conformance/btree.ts"
import { MemoryBlockStore } from "./MemoryBlockStore.ts"

/** A tree of numbers, and ways to put other blocks in place of its own. */
export const make = (count: number) => {
  const store = new MemoryBlockStore()
  const root = BTree.create(store)
  for (let key = 0; key < count; key++) BTree.set(store, root, compareKeys, key, key)
  const branch = (id = root) => store.blocks.get(id) as unknown as BranchBlock
  const leaf = (id: typeof root) => store.blocks.get(id) as unknown as LeafBlock
  const put = (block: BranchBlock | LeafBlock) => store.blocks.set(block.header.id, block as unknown as Block)
  return { branch, leaf, put, root, store, verify: () => BTree.verifyTree(store, root, compareKeys, 1) }
}

/** A tree to break. */
export type TestTree = ReturnType<typeof make>

/** The tree has two levels of branches; each case breaks one rule of its first or second leaf or branch. */
export const broken: ReadonlyArray<readonly [rule: string, says: RegExp, damage: (tree: TestTree) => void]> = [
  [
    "keys increase",
    /has key 1 not above/,
    (tree) => changeLeaf(tree, 0, { keys: (keys) => [keys[1]!, ...keys.slice(1)] })
  ],
  [
    "a key is not below the separator to its left",
    /below the separator to its left/,
    (tree) => changeLeaf(tree, 1, { keys: (keys) => [-1, ...keys.slice(1)] })
  ],
  [
    "a key is below the separator to its right",
    /not below the separator to its right/,
    (tree) => changeLeaf(tree, 0, { keys: (keys) => [...keys.slice(0, -1), 1_000_000] })
  ],
  [
    "a leaf has an entry for each key",
    /keys, expected/,
    (tree) => changeLeaf(tree, 0, { entries: (entries) => entries.slice(1) })
  ],
  [
    "a leaf is not too light",
    /weighs 31, less than 32/,
    (tree) => changeLeaf(tree, 0, { entries: (entries) => entries.slice(0, 31), keys: (keys) => keys.slice(0, 31) })
  ],
  [
    "a leaf is not too heavy",
    /weighs 65, more than 64/,
    (tree) =>
      changeLeaf(tree, 0, {
        entries: () => Array.from({ length: 65 }, () => 1),
        keys: () => Array.from({ length: 65 }, (_, n) => n / 1_000)
      })
  ],
  [
    "all blocks are of one collection",
    /another collection/,
    ({ branch, leaf, put, root }) => {
      const block = leaf(branch(branch(root).children[0]!).children[0]!)
      put({ ...block, header: { ...block.header, collectionId: CollectionId.make("q".repeat(52)) } })
    }
  ],
  [
    "no child is missing",
    /absent/,
    ({ branch, root, store }) => store.blocks.delete(branch(branch(root).children[0]!).children[0]!)
  ],
  [
    "a child is a node",
    /is a chain/,
    ({ branch, root, store }) => {
      const id = branch(root).children[0]!
      store.blocks.set(id, { header: { ...branch(id).header, type: "chain" } })
    }
  ],
  [
    "no child has two parents",
    /another place refers to/,
    ({ branch, put, root }) => {
      const [first, second] = branch(root).children.map(branch)
      put({ ...second!, children: [first!.children[0]!, ...second!.children.slice(1)] })
    }
  ],
  [
    "no branch is its own child",
    /another place refers to/,
    ({ branch, put, root }) => put({ ...branch(root), children: [root, ...branch(root).children.slice(1)] })
  ],
  [
    "all leaves are on one level",
    /on another level/,
    ({ branch, put, root }) =>
      put({ ...branch(root), children: [branch(root).children[0]!, branch(branch(root).children[1]!).children[0]!] })
  ],
  [
    "a branch is not too light",
    /branch .* weighs 3, less than 32/,
    ({ branch, put, root }) => {
      const child = branch(branch(root).children[0]!)
      put({ ...child, children: child.children.slice(0, 3), keys: child.keys.slice(0, 2) })
    }
  ],
  [
    "a root has no branch as its only child",
    /only child/,
    ({ branch, put, root }) => put({ ...branch(root), children: branch(root).children.slice(0, 1), keys: [] })
  ]
]

/** Puts other keys or entries into one of the first leaves. */
export const changeLeaf = (
  { branch, leaf, put, root }: TestTree,
  index: number,
  change: {
    readonly keys?: (keys: LeafBlock["keys"]) => LeafBlock["keys"]
    readonly entries?: (entries: LeafBlock["entries"]) => LeafBlock["entries"]
  }
) => {
  const block = leaf(branch(branch(root).children[0]!).children[index]!)
  put({
    entries: change.entries?.(block.entries) ?? block.entries,
    header: block.header,
    keys: change.keys?.(block.keys) ?? block.keys
  })
}
