import type { Block } from "../../schemas/Block.ts"
import { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { BlockFault, type BlockStore } from "../../src/block/BlockStore.ts"

const COLLECTION = CollectionId.make("a".repeat(52))
const ID_LENGTH = 58
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567"

/** The `n`th block id. */
export const blockId = (n: number): BlockId => {
  let text = ""
  for (let rest = n; rest > 0; rest = Math.floor(rest / LETTERS.length)) text = LETTERS[rest % LETTERS.length] + text
  return BlockId.make(`${text}a`.padStart(ID_LENGTH, "a"))
}

/**
 * A naive store: a map. In `run`, a block may turn out not to be in memory, as often as `isAbsent` says; then all that
 * the procedure did is undone, and it starts again.
 */
export class MemoryBlockStore implements BlockStore {
  readonly blocks = new Map<BlockId, Block>()
  /** The operations of each update in the last `run`. */
  readonly updates: Array<ReadonlyArray<Operation>> = []
  /** The ids of each fault. */
  readonly faults: Array<ReadonlyArray<BlockId>> = []
  version = 0
  readonly #isAbsent: () => boolean
  #allocated = 0
  #present: Set<BlockId> | undefined
  readonly #before = new Map<BlockId, Block | undefined>()

  constructor(isAbsent: () => boolean = () => false) {
    this.#isAbsent = isAbsent
  }

  get(id: BlockId): Block | undefined {
    if (this.#present !== undefined && !this.#present.has(id)) {
      if (this.#isAbsent()) throw new BlockFault([id])
      this.#present.add(id)
    }
    return this.blocks.get(id)
  }

  allocate<T extends string>(type: T) {
    this.#allocated += 1
    return { collectionId: COLLECTION, id: blockId(this.#allocated), type }
  }

  insert(block: Block): void {
    if (this.blocks.has(block.header.id)) throw new Error(`${block.header.id} exists`)
    this.#put(block.header.id, block)
  }

  update(id: BlockId, ...operations: ReadonlyArray<Operation>): void {
    const block = this.blocks.get(id)
    if (block === undefined) throw new Error(`update of ${id}, which is absent`)
    if (operations.length === 0) throw new Error(`update of ${id} without operations`)
    this.updates.push(operations)
    this.#put(id, operations.reduce(spliced, block))
  }

  remove(id: BlockId): void {
    if (!this.blocks.has(id)) throw new Error(`removal of ${id}, which is absent`)
    this.#put(id, undefined)
  }

  run<A>(procedure: () => A): A {
    const allocated = this.#allocated
    const present = new Set<BlockId>()
    this.#present = present
    for (;;) {
      this.#before.clear()
      this.updates.length = 0
      try {
        const result = procedure()
        this.#present = undefined
        return result
      } catch (fault) {
        if (!(fault instanceof BlockFault)) throw fault
        this.faults.push(fault.ids)
        for (const id of fault.ids) present.add(id)
        for (const [id, block] of this.#before) this.#put(id, block)
        this.#allocated = allocated
      }
    }
  }

  #put(id: BlockId, block: Block | undefined): void {
    if (!this.#before.has(id)) this.#before.set(id, this.blocks.get(id))
    if (block === undefined) this.blocks.delete(id)
    else this.blocks.set(id, block)
    this.#present?.add(id)
    this.version += 1
  }
}

const spliced = (block: Block, [property, index, deleteCount, inserted]: Operation): Block => {
  const items = block[property] as ReadonlyArray<Json>
  if (index + deleteCount > items.length) throw new Error(`splice beyond the end of ${property}`)
  return { ...block, [property]: items.toSpliced(index, deleteCount, ...(inserted as ReadonlyArray<Json>)) }
}
