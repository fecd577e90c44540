import type { ChainBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { type BlockReader, expectBlock } from "../block/BlockStore.ts"
import { CHAIN_CAPACITY } from "./Chain.ts"
import { itemsBytes } from "./Packing.ts"

/** Checks links, fill and length of a whole chain, from head to tail. Returns what is wrong, in words; nothing if sound. */
export const verifyChain = (reader: BlockReader, chain: BlockId): ReadonlyArray<string> => {
  const violations: Array<string> = []
  try {
    walk(reader, chain, violations)
  } catch (error) {
    if (!(error instanceof CorruptBlock)) throw error
    violations.push(error.message)
  }
  return violations
}

const walk = (reader: BlockReader, chain: BlockId, violations: Array<string>): void => {
  const ends = expectBlock(reader, chain, "chain-head")
  const seen = new Set<BlockId>()
  let length = 0
  let prior: BlockId | undefined
  let block: ChainBlock | undefined = expectBlock(reader, ends.head, "chain")
  while (block !== undefined) {
    const id: BlockId = block.header.id
    seen.add(id)
    length += block.entries.length
    violations.push(...blockViolations(block, prior))
    prior = id
    if (block.next !== undefined && seen.has(block.next)) {
      violations.push(`Block ${id} links back to ${block.next}`)
      return
    }
    block = block.next === undefined ? undefined : expectBlock(reader, block.next, "chain")
  }
  if (prior !== ends.tail) violations.push(`Chain ${chain} ends in ${prior}, its tail is said to be ${ends.tail}`)
  if (length !== ends.length)
    violations.push(`Chain ${chain} has ${length} entries, its length is said to be ${ends.length}`)
}

const blockViolations = (block: ChainBlock, prior: BlockId | undefined): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const id = block.header.id
  const count = block.entries.length
  const bytes = itemsBytes(block.entries)
  const isAlone = block.next === undefined && prior === undefined
  if (block.prior !== prior) violations.push(`Block ${id} follows ${prior}, its prior is said to be ${block.prior}`)
  if (count === 0 && !isAlone) violations.push(`Block ${id} is empty, but not alone`)
  if (count > CHAIN_CAPACITY.count) violations.push(`Block ${id} has ${count} entries`)
  if (bytes > CHAIN_CAPACITY.bytes) violations.push(`Block ${id} has ${bytes} bytes of entries`)
  return violations
}
