/** What a branch says of its children: their ids and, in a tree that is scattered, the members that keep each. Protocol §1. */
import type { BranchBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"

/** A child that lives at a place of its own. */
export type ScatteredChild = { readonly id: BlockId; readonly members: ReadonlyArray<PeerId> }

/** A child, as its parent refers to it: just its id where it lives with its collection's header. */
export type Child = BlockId | ScatteredChild

/** The id of a child. */
export const idOf = (child: Child): BlockId => (typeof child === "string" ? child : child.id)

/** A child by its index. Raises `CorruptBlock` where there is none, or the table does not say who keeps it. */
export const childAt = (branch: BranchBlock, index: number): Child => {
  const id = branch.children[index]
  if (id === undefined) throw new CorruptBlock({ block: branch.header.id, reason: `has no child ${index}` })
  const { clusterOf, clusters } = branch
  if (clusters === undefined) return id
  const members = clusters[clusterOf?.[index] ?? clusters.length]
  if (members !== undefined) return { id, members }
  throw new CorruptBlock({ block: branch.header.id, reason: `does not say who keeps child ${index}` })
}

/** The children of a branch. */
export const childrenOf = (branch: BranchBlock): ReadonlyArray<Child> =>
  branch.clusters === undefined ? branch.children : branch.children.map((_, index) => childAt(branch, index))

/** Children as a branch keeps them: each member set once, in the order of its first use. */
export type ChildTable = Pick<BranchBlock, "children"> & {
  readonly clusterOf?: ReadonlyArray<number>
  readonly clusters?: ReadonlyArray<ReadonlyArray<PeerId>>
}

/** The table of some children, all of which are scattered, or none. */
export const tableOf = (children: ReadonlyArray<Child>): ChildTable => {
  const clusters: Array<ReadonlyArray<PeerId>> = []
  const known = new Map<string, number>()
  const clusterOf = children.flatMap((child) => {
    if (typeof child === "string") return []
    const name = child.members.join()
    const index = known.get(name) ?? clusters.push(child.members) - 1
    known.set(name, index)
    return [index]
  })
  const ids = children.map(idOf)
  return clusters.length === 0 ? { children: ids } : { children: ids, clusterOf, clusters }
}
