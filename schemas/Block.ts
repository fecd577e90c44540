import * as Schema from "effect/Schema"
import { BlockId, CollectionId } from "./Ids.ts"
import { Json } from "./Json.ts"

/** The short name of a registered block type; see `schemas/BlockTypes.ts`. */
export const BlockType = Schema.String.pipe(Schema.pattern(/^[a-z][a-z0-9-]{0,31}$/))
export type BlockType = typeof BlockType.Type

/** What every block starts with. */
export const BlockHeader = Schema.Struct({ collectionId: CollectionId, id: BlockId, type: BlockType })
export type BlockHeader = typeof BlockHeader.Type

/** A property of a block beside its header: never integer-like, so that canonical order and engine order agree. */
export const PropertyName = Schema.String.pipe(Schema.pattern(/^[a-z][A-Za-z0-9]{0,31}$/))

/**
 * A block: a plain JSON object, immutable per revision. Its *content hash* is sha256 of its canonical JSON.
 * Revisions of one block share the structure that did not change.
 */
export interface Block {
  readonly header: BlockHeader
  readonly [property: string]: unknown
}

/** Schema of {@link Block}: the shape all types share. */
export const Block: Schema.Schema<Block> = Schema.Struct(
  { header: BlockHeader },
  { key: PropertyName, value: Schema.Union(Json, BlockHeader) }
).annotations({ identifier: "Block" }) as Schema.Schema<unknown> as Schema.Schema<Block>
