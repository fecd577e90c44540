/**
 * Blocks that programs define: typed content under a type of its own, for the handlers of collections of their own.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { Block } from "../../schemas/Block.ts"
import { PropertyName } from "../../schemas/Block.ts"
import { USER_PREFIX, UserName } from "../../schemas/BlockTypes.ts"
import { CorruptBlock, Invalid } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import * as ValueCodec from "../collection/ValueCodec.ts"
import { canonicalText } from "../encoding/CanonicalJson.ts"
import type { BlockReader, BlockStore } from "./BlockStore.ts"
import { differences } from "./Tracker.ts"

/** A type of block, and what a procedure does with blocks of it. */
export interface BlockDefinition<A> {
  /** As it is stored: the name with the prefix `user-`. */
  readonly type: string
  /** Adds a new block. Raises `Invalid` for content that does not fit the schema, as `set` does. */
  readonly insert: (store: BlockStore, content: A) => BlockId
  /** What a block holds. Raises `CorruptBlock` where it is absent, of another type, or does not fit the schema. */
  readonly get: (reader: BlockReader, id: BlockId) => A
  /** Gives a block other content. Only what differs is written. */
  readonly set: (store: BlockStore, id: BlockId, content: A) => void
  /** Deletes a block. */
  readonly remove: (store: BlockStore, id: BlockId) => void
}

const isName = Schema.is(UserName)
const isPropertyName = Schema.is(PropertyName)

/**
 * Defines a type of block by the schemas of its properties, which need no services. A name (`work-item`) or property
 * (`nextId`) that cannot be stored is a `TypeError`.
 */
export const define = <Fields extends Schema.Struct.Fields>(
  name: string,
  fields: Fields
): BlockDefinition<Schema.Struct.Type<Fields>> => {
  const type = `${USER_PREFIX}${name}`
  if (!isName(name)) throw new TypeError(`${JSON.stringify(name)} is no type of block: use a-z, 0-9 and -, 27 at most`)
  const wrong = Object.keys(fields).find((property) => property === "header" || !isPropertyName(property))
  if (wrong !== undefined) throw new TypeError(`Block ${JSON.stringify(name)} cannot have a property ${wrong}`)
  return make(type, ValueCodec.make(Schema.Struct(fields) as unknown as Schema.Schema<Schema.Struct.Type<Fields>>))
}

const make = <A>(type: string, codec: ValueCodec.ValueCodec<A>): BlockDefinition<A> => {
  const stored = (reader: BlockReader, id: BlockId): Block => {
    const block = reader.get(id)
    if (block === undefined) throw new CorruptBlock({ block: id, reason: "referred to, but absent" })
    if (block.header.type === type) return block
    throw new CorruptBlock({ block: id, reason: `is a ${block.header.type}, expected ${type}` })
  }

  const encoded = (header: Block["header"], content: A): Block =>
    Either.match(codec.encode(content), {
      onLeft: (reason) => {
        throw new Invalid({ reason: `The content does not fit a block of type ${type}: ${reason}` })
      },
      onRight: (json) => inOrder({ ...(json as object), header })
    })

  return {
    get: (reader, id) =>
      Either.getOrThrowWith(
        codec.decode(stored(reader, id) as unknown as Json),
        (reason) => new CorruptBlock({ block: id, reason: `does not fit its schema: ${reason}` })
      ),
    insert: (store, content) => {
      const header = store.allocate(type)
      store.insert(encoded(header, content))
      return header.id
    },
    remove: (store, id) => store.remove(stored(store, id).header.id),
    set: (store, id, content) => {
      const before = stored(store, id)
      const operations = differences(before, sharing(before, encoded(before.header, content)))
      if (operations === undefined) throw new Invalid({ reason: `An array in a block of type ${type} stays an array` })
      if (operations.length > 0) store.update(id, ...operations)
    },
    type
  }
}

/** Blocks have their properties in canonical order. */
const inOrder = (block: object): Block =>
  Object.fromEntries(Object.entries(block).sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as Block

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** A block with whatever it has in common with another, property by property and item by item, as the other's own values. */
const sharing = (before: Block, after: Block): Block =>
  Object.fromEntries(
    Object.entries(after).map(([name, now]) => {
      const old = Object.hasOwn(before, name) ? before[name] : undefined
      if (!isObject(now) || !isObject(old)) return [name, now]
      if (canonicalText(now) === canonicalText(old)) return [name, old]
      if (!Array.isArray(now) || !Array.isArray(old)) return [name, now]
      const known = new Map(old.filter(isObject).map((item) => [canonicalText(item), item]))
      return [name, now.map((item) => (isObject(item) ? (known.get(canonicalText(item)) ?? item) : item))]
    })
  ) as unknown as Block
