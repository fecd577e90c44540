import type { Block, BlockHeader } from "../../schemas/Block.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import { applyOperation, propertyOf, TransformMismatch } from "./apply.ts"
import type { BlockReader, BlockRole, BlockStore } from "./BlockStore.ts"
import { spliceBetween } from "./splice.ts"

/** What a tracker knows of one block: how it was changed, and what it is now (undefined: deleted). */
export interface Change {
  /** The block before its first change; undefined where it is new. The source may read it anew, as another object. */
  readonly before: Block | undefined
  readonly transform: Transform
  readonly block: Block | undefined
  /** Whether the transform is not what was done, step by step, but worked out from its result. */
  readonly isFolded: boolean
  /** The members that keep it, where they are not those of its collection's header. */
  readonly members: ReadonlyArray<PeerId> | undefined
}

/** Makes the header of the `index`th new block; may raise a `BlockFault`. */
export type Allocate = (type: string, index: number, role: BlockRole) => BlockHeader

/** Past this many recorded operations a block's transform is folded into one splice per changed property. */
const FOLD_ABOVE = 16

/**
 * Collects changes over a source without applying them to it. Reads see the changes. `mark` and `rollback` undo what
 * happened in between; `atomically` does so for a procedure that throws.
 */
export class Tracker implements BlockStore {
  readonly #source: BlockReader
  readonly #allocate: Allocate
  readonly #changes = new Map<BlockId, Change>()
  /** What changed blocks were before, since the oldest mark held. */
  readonly #undo: Array<readonly [BlockId, Change | undefined]> = []
  #held = 0
  #allocated = 0
  #version = 0

  constructor(source: BlockReader, allocate: Allocate) {
    this.#source = source
    this.#allocate = allocate
  }

  get version(): number {
    return this.#version
  }

  /** The changed blocks, in the order of their first change. */
  get changes(): ReadonlyMap<BlockId, Change> {
    return this.#changes
  }

  /** How many blocks were allocated. */
  get allocated(): number {
    return this.#allocated
  }

  get(id: BlockId, members?: ReadonlyArray<PeerId>): Block | undefined {
    const change = this.#changes.get(id)
    return change === undefined ? this.#source.get(id, members) : change.block
  }

  membersOf(id: BlockId): ReadonlyArray<PeerId> | undefined {
    const change = this.#changes.get(id)
    return change === undefined ? this.#source.membersOf?.(id) : change.members
  }

  allocate<T extends string>(type: T, role: BlockRole = "history"): BlockHeader & { readonly type: T } {
    return this.#allocate(type, this.#allocated++, role) as BlockHeader & { readonly type: T }
  }

  insert(block: Block): void {
    const id = block.header.id
    // Ids are never used twice: the source has no such block, and a deleted one does not come back.
    if (this.#changes.has(id)) throw new TransformMismatch("insert over a block that exists")
    this.#set(id, {
      before: undefined,
      block,
      isFolded: false,
      members: this.membersOf(id),
      transform: { insert: block }
    })
  }

  update(id: BlockId, ...operations: ReadonlyArray<Operation>): void {
    const current = this.get(id)
    if (current === undefined) throw new TransformMismatch("change of a block that does not exist")
    const block = operations.reduce(applyOperation, current)
    const known = this.#changes.get(id)
    if (known === undefined) {
      this.#set(id, { before: current, block, isFolded: false, members: this.membersOf(id), transform: { operations } })
    } else if ("operations" in known.transform) {
      this.#set(id, { ...known, block, ...this.#record(known, operations, block) })
    } else this.#set(id, { ...known, block, transform: { insert: block } })
  }

  remove(id: BlockId): void {
    const current = this.get(id)
    if (current === undefined) throw new TransformMismatch("deletion of a block that does not exist")
    const known = this.#changes.get(id)
    const before = known === undefined ? current : known.before
    // A block that came and went inside this tracker never was.
    const members = this.membersOf(id)
    this.#set(id, before && { before, block: undefined, isFolded: false, members, transform: { delete: true } })
  }

  /** Undoes whatever was done to a block: it is what the source has; one that is new never was. */
  forget(id: BlockId): void {
    this.#set(id, undefined)
  }

  /** Marks the present state, to return to. Held until `release` or `rollback`. */
  mark(): Mark {
    this.#held++
    return { allocated: this.#allocated, undone: this.#undo.length }
  }

  /** Gives a mark up: what happened since stays. */
  release(_mark: Mark): void {
    this.#held--
    if (this.#held === 0) this.#undo.length = 0
  }

  /** Returns to a mark, and gives it up. Cursors made since are no longer valid. */
  rollback(mark: Mark): void {
    for (let i = this.#undo.length - 1; i >= mark.undone; i--) {
      const [id, before] = this.#undo[i]!
      if (before === undefined) this.#changes.delete(id)
      else this.#changes.set(id, before)
    }
    this.#undo.length = mark.undone
    this.#allocated = mark.allocated
    this.#version++
    this.release(mark)
  }

  /** The operations of a block with some more: as they came, or, where they are many, folded. */
  #record({ before, isFolded, transform }: Change, added: ReadonlyArray<Operation>, block: Block) {
    const recorded = "operations" in transform ? [...transform.operations, ...added] : added
    const folded = recorded.length > FOLD_ABOVE && before !== undefined ? differences(before, block) : undefined
    return { isFolded: isFolded || folded !== undefined, transform: { operations: folded ?? recorded } }
  }

  #set(id: BlockId, change: Change | undefined): void {
    if (this.#held > 0) this.#undo.push([id, this.#changes.get(id)])
    if (change === undefined) this.#changes.delete(id)
    else this.#changes.set(id, change)
    this.#version++
  }
}

/** A state of a tracker that it can return to. */
export interface Mark {
  readonly allocated: number
  readonly undone: number
}

/**
 * Operations that lead from one version of a block to another: at most one splice per array. Shared items are skipped.
 * Undefined where none do: an array does not become anything else.
 */
export const differences = (before: Block, after: Block): ReadonlyArray<Operation> | undefined => {
  const operations: Array<Operation> = []
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  // No operation changes a header.
  names.delete("header")
  for (const name of names) {
    const old = propertyOf(before, name)
    const now = propertyOf(after, name)
    if (old === now) continue
    if (Array.isArray(old) && Array.isArray(now)) {
      const splice = spliceBetween(name, old, now)
      if (splice !== undefined) operations.push(splice)
    } else if (Array.isArray(old)) return undefined
    else if (now === undefined) operations.push([name, 0, 1, null])
    else operations.push([name, 0, 0, now as Operation[3]])
  }
  return operations
}
