import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Shard, Write } from "../../schemas/Manifest.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { BlockState } from "./BlockState.ts"

/** A write that passed the checks of its own block: what is here, how it changes, and what it is to be. */
export interface ApprovedWrite {
  readonly id: BlockId
  readonly shard: Shard
  readonly write: Write
  readonly transform: Transform
  /** Undefined: the block is new. */
  readonly state: BlockState | undefined
  /** Undefined: the block is deleted. */
  readonly block: Block | undefined
}

/** The type of a block, which no write changes. */
export const typeOf = ({ block, state }: ApprovedWrite): string | undefined => (state?.block ?? block)?.header.type

/** The types of the blocks that tell a collection's history: they change in one way only. */
const HISTORY: ReadonlySet<string | undefined> = new Set(["collection", "log", "payload"])

/** Whether a block is the header, or of the log, of its collection. */
export const isHistory = (write: ApprovedWrite): boolean => HISTORY.has(typeOf(write))
