import type { ChainBlock, ChainHeadBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { type BlockReader, expectBlock } from "../block/BlockStore.ts"
import type { BlockViolation, StructureCheck, StructurePage } from "../verify/Structure.ts"
import { CHAIN_CAPACITY } from "./Chain.ts"
import { itemsBytes } from "./Packing.ts"

/** Where a check of a chain is: the block to go on with, the one before it, and the entries up to there. */
export interface ChainProgress {
  readonly block: BlockId
  readonly length: number
  readonly prior: BlockId | undefined
}

/** Blocks that are checked in one go. */
const PAGE_BLOCKS = 32

/**
 * Checks links, fill and length of a chain, from head to tail, so many blocks at a time. It ends at a block that does not link
 * back to the one it was reached from: so it cannot go round in a circle.
 */
export const verifyChainPage = (
  reader: BlockReader,
  chain: BlockId,
  at?: ChainProgress,
  limit: number = PAGE_BLOCKS
): StructurePage<ChainProgress> => {
  const violations: Array<BlockViolation> = []
  let blocks = 0
  let isWhole = true
  let next: ChainProgress | undefined
  try {
    const ends = expectBlock(reader, chain, "chain-head")
    next = at ?? { block: ends.head, length: 0, prior: undefined }
    for (; next !== undefined && blocks < limit; blocks++) next = verifyBlock(reader, ends, next, violations)
  } catch (error) {
    if (!(error instanceof CorruptBlock)) throw error
    violations.push({ block: error.block as BlockId, reason: error.reason })
    isWhole = false
    next = undefined
  }
  return { blocks, isWhole, next, violations }
}

/** Checks one block, and at the last the ends of the chain. Gives the next one, if any; throws a CorruptBlock where there is no way on. */
const verifyBlock = (
  reader: BlockReader,
  ends: ChainHeadBlock,
  { block: id, length: before, prior }: ChainProgress,
  violations: Array<BlockViolation>
): ChainProgress | undefined => {
  const block = expectBlock(reader, id, "chain")
  const length = before + block.entries.length
  for (const reason of fillProblems(block)) violations.push({ block: id, reason })
  if (block.prior !== prior) {
    throw new CorruptBlock({ block: id, reason: `follows ${prior}, its prior is said to be ${block.prior}` })
  }
  if (block.next !== undefined) return { block: block.next, length, prior: id }
  const chain = ends.header.id
  if (id !== ends.tail) violations.push({ block: chain, reason: `ends in ${id}, its tail is said to be ${ends.tail}` })
  if (length !== ends.length) {
    violations.push({ block: chain, reason: `has ${length} entries, its length is said to be ${ends.length}` })
  }
  return undefined
}

/** The check of a collection that is a chain. */
export const chainStructure: StructureCheck<ChainProgress> = (reader, { root }, at) =>
  verifyChainPage(reader, root!, at)

const fillProblems = ({ entries, next, prior }: ChainBlock): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const bytes = itemsBytes(entries)
  const isAlone = next === undefined && prior === undefined
  if (entries.length === 0 && !isAlone) problems.push("is empty, but not alone")
  if (entries.length > CHAIN_CAPACITY.count) problems.push(`has ${entries.length} entries`)
  if (bytes > CHAIN_CAPACITY.bytes) problems.push(`has ${bytes} bytes of entries`)
  return problems
}
