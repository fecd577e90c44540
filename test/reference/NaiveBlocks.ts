/** A naive model of blocks: everything is copied, everything is mutable, and going back is a copy of it all. */
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"

type Fields = Map<string, unknown>

const fieldsOf = (block: Block): Fields => new Map(Object.entries(structuredClone(block)))

const blockOf = (fields: Fields): Block =>
  Object.fromEntries([...structuredClone(fields)].sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as Block

/** What the model refuses, the real one must refuse. */
export class NaiveRefusal extends Error {}

const refuse = (reason: string): never => {
  throw new NaiveRefusal(reason)
}

const operate = (fields: Fields, [property, index, deleteCount, inserted]: Operation): void => {
  if (property === "header") refuse("the header never changes")
  const current = fields.get(property)
  if (Array.isArray(current)) {
    if (!Array.isArray(inserted)) refuse("no array to insert")
    if (index + deleteCount > current.length) refuse("beyond the end")
    current.splice(index, deleteCount, ...structuredClone(inserted as Array<Json>))
  } else if (index !== 0 || deleteCount > 1) refuse("no array")
  else if (deleteCount === 0) fields.set(property, structuredClone(inserted))
  else if (inserted !== null || !fields.delete(property)) refuse("nothing to remove")
}

/** A block after operations; throws {@link NaiveRefusal}. */
export const naiveUpdate = (block: Block, operations: ReadonlyArray<Operation>): Block => {
  const fields = fieldsOf(block)
  for (const operation of operations) operate(fields, operation)
  return blockOf(fields)
}

/** Blocks by id. */
export class NaiveBlocks {
  #blocks = new Map<BlockId, Block>()

  get ids(): ReadonlyArray<BlockId> {
    return [...this.#blocks.keys()]
  }

  get(id: BlockId): Block | undefined {
    return structuredClone(this.#blocks.get(id))
  }

  insert(block: Block): void {
    if (this.#blocks.has(block.header.id)) refuse("it exists")
    this.#blocks.set(block.header.id, structuredClone(block))
  }

  update(id: BlockId, operations: ReadonlyArray<Operation>): void {
    this.#blocks.set(id, naiveUpdate(this.#blocks.get(id) ?? refuse("it does not exist"), operations))
  }

  remove(id: BlockId): void {
    if (!this.#blocks.delete(id)) refuse("it does not exist")
  }

  /** A copy of everything, to go back to. */
  copy(): NaiveBlocks {
    const copied = new NaiveBlocks()
    copied.#blocks = structuredClone(this.#blocks)
    return copied
  }
}
