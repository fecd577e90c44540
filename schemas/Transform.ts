import * as Schema from "effect/Schema"
import { Block, PropertyName } from "./Block.ts"
import { BlockId } from "./Ids.ts"
import { Json } from "./Json.ts"

const Count = Schema.Int.pipe(Schema.nonNegative())

/**
 * A change of one property of a block: `[property, index, deleteCount, inserted]`.
 *
 * Where the property holds an array it is a splice, `inserted` an array. Elsewhere `index` is 0 and it is an assignment:
 * with `deleteCount` 0 the property becomes `inserted`; with 1 the property, which must exist, is removed and `inserted`
 * is null.
 */
export const Operation = Schema.Tuple(PropertyName, Count, Count, Json)
export type Operation = typeof Operation.Type

/** A change of one block: a new block, operations in order, or its deletion. */
export const Transform = Schema.Union(
  Schema.Struct({ insert: Block }),
  Schema.Struct({ operations: Schema.Array(Operation) }),
  Schema.Struct({ delete: Schema.Literal(true) })
)
export type Transform = typeof Transform.Type

/** Changes of several blocks. */
export const Transforms = Schema.Record({ key: BlockId, value: Transform })
export type Transforms = typeof Transforms.Type
