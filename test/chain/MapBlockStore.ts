/** A naive store of blocks for tests of data structures: a map, and procedures that are discarded and started again. */
import { createHash } from "node:crypto"
import * as Schema from "effect/Schema"
import type { Block } from "../../schemas/Block.ts"
import { BlockTypes } from "../../schemas/BlockTypes.ts"
import { BlockId, CollectionId, Hash } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { BlockFault, type BlockReader, type BlockStore } from "../../src/block/BlockStore.ts"
import * as Base32 from "../../src/encoding/Base32.ts"

/** sha256 in base32. */
export const hash = (text: string): Hash => Hash.make(Base32.encode(createHash("sha256").update(text).digest()))

/** A seeded source of numbers in [0, 1): mulberry32. */
export const seeded = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const hasOrderedKeys = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return true
  const keys = Array.isArray(value) ? [] : Object.keys(value)
  return keys.every((key, i) => i === 0 || keys[i - 1]! < key) && Object.values(value).every(hasOrderedKeys)
}

const COLLECTION = CollectionId.make(hash("collection:test"))

const refuse = (reason: string): never => {
  throw new Error(reason)
}

const apply = (block: Block, [property, index, deleteCount, inserted]: Operation): Block => {
  const value = block[property]
  const changed: { header: Block["header"]; [property: string]: unknown } = { ...block }
  if (Array.isArray(value)) {
    if (index + deleteCount > value.length) refuse(`splice beyond the end of ${property}`)
    changed[property] = value.toSpliced(index, deleteCount, ...(inserted as ReadonlyArray<Json>))
  } else if (deleteCount === 1) {
    if (value === undefined) refuse(`removal of absent ${property}`)
    delete changed[property]
  } else changed[property] = inserted
  return Object.fromEntries(Object.entries(changed).sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as Block
}

export class MapBlockStore implements BlockStore {
  readonly blocks: Map<BlockId, Block>
  /** The distinct blocks read since `read.clear()`. */
  readonly read = new Set<BlockId>()
  version = 0
  allocated: number

  constructor(blocks: ReadonlyMap<BlockId, Block> = new Map(), allocated = 0) {
    this.blocks = new Map(blocks)
    this.allocated = allocated
  }

  get(id: BlockId): Block | undefined {
    this.read.add(id)
    return this.blocks.get(id)
  }

  allocate<T extends string>(type: T) {
    this.allocated += 1
    const id = BlockId.make(`${hash(String(this.allocated))}aaaaaa`)
    return { collectionId: COLLECTION, id, type }
  }

  insert(block: Block): void {
    if (this.blocks.has(block.header.id)) refuse(`second insert of ${block.header.id}`)
    if (!hasOrderedKeys(block)) refuse(`keys out of order: ${JSON.stringify(block)}`)
    this.blocks.set(block.header.id, block)
    this.version += 1
  }

  update(id: BlockId, ...operations: ReadonlyArray<Operation>): void {
    const block = this.blocks.get(id) ?? refuse(`update of absent ${id}`)
    if (operations.length === 0) refuse(`update of ${id} without operations`)
    if (!hasOrderedKeys(operations)) refuse(`keys out of order: ${JSON.stringify(operations)}`)
    this.blocks.set(id, operations.reduce(apply, block))
    this.version += 1
  }

  remove(id: BlockId): void {
    if (!this.blocks.delete(id)) refuse(`removal of absent ${id}`)
    this.version += 1
  }

  /** What does not decode as its registered type. */
  malformed(): ReadonlyArray<string> {
    return [...this.blocks.values()].flatMap((block) => {
      const type = BlockTypes[block.header.type as keyof typeof BlockTypes] as Schema.Schema.AnyNoContext
      const result = Schema.decodeUnknownEither(type, { onExcessProperty: "error" })(block)
      return result._tag === "Left" ? [result.left.message] : []
    })
  }
}

/**
 * Runs procedures as the real store does: over a copy that replaces the original at the end. With a chance, a block
 * turns out not to be in memory; then the copy is thrown away and the procedure runs again.
 */
export class FaultyStore {
  committed = new MapBlockStore()
  faults = 0
  readonly random: () => number
  readonly chance: number

  constructor(random: () => number, chance: number) {
    this.random = random
    this.chance = chance
  }

  run<A>(procedure: (store: BlockStore) => A): A {
    const inMemory = new Set<BlockId>()
    while (true) {
      const copy = new FaultingCopy(this.committed, inMemory)
      copy.isResident = () => this.random() >= this.chance
      try {
        const result = procedure(copy)
        this.committed = new MapBlockStore(copy.blocks, copy.allocated)
        return result
      } catch (fault) {
        if (!(fault instanceof BlockFault)) throw fault
        this.faults += 1
        for (const id of fault.ids) inMemory.add(id)
      }
    }
  }
}

class FaultingCopy extends MapBlockStore {
  isResident: () => boolean = () => true
  readonly original: MapBlockStore
  readonly inMemory: Set<BlockId>

  constructor(original: MapBlockStore, inMemory: Set<BlockId>) {
    super(original.blocks, original.allocated)
    this.original = original
    this.inMemory = inMemory
  }

  override get(id: BlockId): Block | undefined {
    if (this.original.blocks.has(id) && !this.inMemory.has(id)) {
      if (!this.isResident()) throw new BlockFault([id])
      this.inMemory.add(id)
    }
    return super.get(id)
  }
}

/** A reader that sees one block otherwise than it is. */
export const withBlock = (reader: BlockReader, changed: Block, at: BlockId = changed.header.id): BlockReader => ({
  get: (id) => (id === at ? changed : reader.get(id))
})
