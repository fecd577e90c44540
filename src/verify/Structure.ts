import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"

/** What is wrong with a block, in words. */
export interface BlockViolation {
  readonly block: BlockId
  readonly reason: string
}

/** A part of a check: how many blocks it looked at, what is wrong with them, and where to go on; undefined at the end. */
export interface StructurePage<State> {
  /** False where a problem barred the way to blocks behind it. */
  readonly isWhole: boolean
  readonly blocks: number
  readonly violations: ReadonlyArray<BlockViolation>
  readonly next: State | undefined
}

/** Checks a data structure part by part, each with bounded work; without `at` from the beginning. A procedure. */
export type StructureCheck<State> = (
  reader: BlockReader,
  header: CollectionBlock,
  at: State | undefined
) => StructurePage<State>
