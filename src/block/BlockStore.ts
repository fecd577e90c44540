import type { Block, BlockHeader } from "../../schemas/Block.ts"
import type { BlockTypes } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { Operation } from "../../schemas/Transform.ts"

/**
 * Blocks by id, from memory. A block that exists but is not in memory raises {@link BlockFault}; `runProcedure` loads it
 * and starts the procedure again, so that data structures are plain synchronous functions.
 */
export interface BlockReader {
  /**
   * The block, or undefined where there is none: never created, or deleted. `members` keep it, where whoever refers to it says
   * so; all others live with their collection's header.
   */
  readonly get: (id: BlockId, members?: ReadonlyArray<PeerId>) => Block | undefined
  /** The members that keep a block which was read or allocated a moment ago, where they are not those of its collection's header. */
  readonly membersOf?: (id: BlockId) => ReadonlyArray<PeerId> | undefined
}

/** Where a new block is to live: with its collection's header, or, if that scatters its data, at a place of its own. */
export type BlockRole = "history" | "data"

/** Blocks that a procedure may change. Changes are seen at once by later reads, and by nobody else. */
export interface BlockStore extends BlockReader {
  /** Grows with every change; a cursor made at another version is no longer valid. */
  readonly version: number
  /** The header of a new block, with a fresh id. It lives with its collection's header unless it is `data` of one that scatters. */
  readonly allocate: <T extends string>(type: T, role?: BlockRole) => BlockHeader & { readonly type: T }
  /** Adds a new block. */
  readonly insert: (block: Block) => void
  /** Changes a block by operations in order. */
  readonly update: (id: BlockId, ...operations: ReadonlyArray<Operation>) => void
  /** Deletes a block. */
  readonly remove: (id: BlockId) => void
}

/** Raised by a read of blocks that are not in memory. Control flow, not an error: it carries no stack. */
export class BlockFault {
  readonly ids: ReadonlyArray<BlockId>
  constructor(ids: ReadonlyArray<BlockId>) {
    this.ids = ids
  }
}

/** The static type of a registered block type. */
export type BlockOf<T extends keyof typeof BlockTypes> = (typeof BlockTypes)[T]["Type"]

/** The block that something refers to, which therefore must exist and be of one of the types. Raises {@link CorruptBlock}. */
export const expectBlock = <T extends keyof typeof BlockTypes>(
  reader: BlockReader,
  id: BlockId,
  ...types: ReadonlyArray<T>
): BlockOf<T> => {
  const block = reader.get(id)
  if (block === undefined) throw new CorruptBlock({ block: id, reason: "referred to, but absent" })
  if (!(types as ReadonlyArray<string>).includes(block.header.type)) {
    throw new CorruptBlock({ block: id, reason: `is a ${block.header.type}, expected ${types.join(" or ")}` })
  }
  return block as unknown as BlockOf<T>
}
