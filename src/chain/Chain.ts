/**
 * A chain: linked blocks of entries behind a `chain-head` block, usable as stack, queue or log. Both ends cost a constant
 * number of blocks; an index costs a walk from the nearer end.
 *
 * Procedures over a `BlockStore`: see there for `BlockFault`. No block is empty, but for the only block of an empty chain.
 */
import type { ChainBlock, ChainHeadBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock, Invalid } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation } from "../../schemas/Transform.ts"
import { type BlockReader, type BlockStore, expectBlock } from "../block/BlockStore.ts"
import { type Capacity, pack } from "./Packing.ts"

/** A block of a chain takes 32 entries, or 32 KiB of them; so an entry may have up to 32 KiB of canonical JSON. */
export const CHAIN_CAPACITY: Capacity = { bytes: 32 * 1024, count: 32 }

/** A place between two entries: before entry `offset` of a block. Valid until an entry is removed from the chain. */
export interface ChainPosition {
  readonly block: BlockId
  readonly offset: number
}

/** Which entries to read: from an index (default: the first, or in reverse the last), or where the last page ended. */
export interface ChainSelection {
  readonly from?: number | ChainPosition
  readonly limit: number
  readonly reverse?: boolean
}

/** Some entries in the order asked for, and where the next page starts, if there is one. */
export interface ChainPage {
  readonly entries: ReadonlyArray<Json>
  readonly next?: ChainPosition
}

type End = "head" | "tail"

/** The links of a block as seen from an end of the chain. */
const LINKS = {
  head: { inward: "next", outward: "prior" },
  tail: { inward: "prior", outward: "next" }
} as const

const readEnds = (reader: BlockReader, chain: BlockId): ChainHeadBlock => expectBlock(reader, chain, "chain-head")

/** A linked block. One that is empty beside others is refused: walks over such blocks would have no bound. */
const readLink = (reader: BlockReader, id: BlockId): ChainBlock => {
  const block = expectBlock(reader, id, "chain")
  if (block.entries.length === 0 && (block.next !== undefined || block.prior !== undefined)) {
    throw new CorruptBlock({ block: id, reason: "is empty, but not alone in its chain" })
  }
  return block
}

/** Makes an empty chain; its id is that of its head block. */
export const create = (store: BlockStore): BlockId => {
  const link = store.allocate("chain")
  store.insert({ entries: [], header: link })
  const header = store.allocate("chain-head")
  store.insert({ head: link.id, header, length: 0, tail: link.id })
  return header.id
}

/** The number of entries. */
export const length = (reader: BlockReader, chain: BlockId): number => readEnds(reader, chain).length

/** Adds entries at the tail, all or none. Raises `LimitExceeded` for one over 32 KiB of canonical JSON. */
export const add = (store: BlockStore, chain: BlockId, ...entries: ReadonlyArray<Json>): void => {
  if (entries.length === 0) return
  const ends = readEnds(store, chain)
  const tail = readLink(store, ends.tail)
  const [besideTail = [], ...runs] = pack("A chain entry", entries, CHAIN_CAPACITY, tail.entries)
  const headers = runs.map(() => store.allocate("chain"))
  runs.forEach((run, i) => {
    const next = headers[i + 1]?.id
    const prior = headers[i - 1]?.id ?? ends.tail
    store.insert({ entries: run, header: headers[i]!, ...(next && { next }), prior })
  })

  const tailChanges: Array<Operation> = []
  const endChanges: Array<Operation> = [["length", 0, 0, ends.length + entries.length]]
  if (besideTail.length > 0) tailChanges.push(["entries", tail.entries.length, 0, besideTail])
  const first = headers[0]
  if (first !== undefined) {
    tailChanges.push(["next", 0, 0, first.id])
    endChanges.push(["tail", 0, 0, headers.at(-1)!.id])
  }
  store.update(ends.tail, ...tailChanges)
  store.update(chain, ...endChanges)
}

/** Removes up to `count` entries from the tail and returns them last first, as from a stack. */
export const pop = (store: BlockStore, chain: BlockId, count: number): ReadonlyArray<Json> =>
  take(store, chain, count, "tail")

/** Removes up to `count` entries from the head and returns them first first, as from a queue. */
export const dequeue = (store: BlockStore, chain: BlockId, count: number): ReadonlyArray<Json> =>
  take(store, chain, count, "head")

const take = (store: BlockStore, chain: BlockId, count: number, end: End): ReadonlyArray<Json> => {
  const { inward, outward } = LINKS[end]
  const ends = readEnds(store, chain)
  const taken: Array<Json> = []
  const wanted = Math.min(count, ends.length)
  if (wanted <= 0) return taken

  const emptied: Array<BlockId> = []
  let block = readLink(store, ends[end])
  let left = wanted
  for (let onward = block[inward]; onward !== undefined && left >= block.entries.length; onward = block[inward]) {
    taken.push(...(end === "head" ? block.entries : block.entries.toReversed()))
    emptied.push(block.header.id)
    left -= block.entries.length
    block = readLink(store, onward)
  }
  if (left > block.entries.length) throw new CorruptBlock({ block: chain, reason: "counts more entries than it has" })
  const start = end === "head" ? 0 : block.entries.length - left
  const rest = block.entries.slice(start, start + left)
  taken.push(...(end === "head" ? rest : rest.reverse()))

  const blockChanges: Array<Operation> = []
  const endChanges: Array<Operation> = [["length", 0, 0, ends.length - wanted]]
  if (left > 0) blockChanges.push(["entries", start, left, []])
  if (emptied.length > 0) {
    blockChanges.push([outward, 0, 1, null])
    endChanges.push([end, 0, 0, block.header.id])
  }
  for (const id of emptied) store.remove(id)
  store.update(block.header.id, ...blockChanges)
  store.update(chain, ...endChanges)
  return taken
}

/**
 * Reads a page. From an index it walks from the nearer end, from a position it starts there. Raises {@link Invalid} for a
 * position that no longer is in the chain.
 */
export const select = (reader: BlockReader, chain: BlockId, selection: ChainSelection): ChainPage => {
  const reverse = selection.reverse === true
  const onwardLink = reverse ? "prior" : "next"
  let { block, offset } =
    typeof selection.from === "object"
      ? readPosition(reader, selection.from)
      : locate(reader, readEnds(reader, chain), selection.from, reverse)

  const entries: Array<Json> = []
  while (true) {
    const room = Math.max(0, selection.limit - entries.length)
    const end = reverse ? Math.max(0, offset - room) : Math.min(block.entries.length, offset + room)
    entries.push(...(reverse ? block.entries.slice(end, offset).reverse() : block.entries.slice(offset, end)))
    offset = end
    const onward = block[onwardLink]
    const isExhausted = offset === (reverse ? 0 : block.entries.length)
    if (isExhausted && onward === undefined) return { entries }
    if (entries.length >= selection.limit) return { entries, next: { block: block.header.id, offset } }
    block = readLink(reader, onward!)
    offset = reverse ? block.entries.length : 0
  }
}

interface Located {
  readonly block: ChainBlock
  readonly offset: number
}

const readPosition = (reader: BlockReader, position: ChainPosition): Located => {
  if (reader.get(position.block) === undefined) throw new Invalid({ reason: "The position in the chain is gone" })
  const block = readLink(reader, position.block)
  if (position.offset > block.entries.length) throw new Invalid({ reason: "The position in the chain is gone" })
  return { block, offset: position.offset }
}

/** The place before entry `from`, or in reverse after it; indexes outside the chain mean its ends. */
const locate = (reader: BlockReader, ends: ChainHeadBlock, from: number | undefined, reverse: boolean): Located => {
  const asked = from === undefined ? (reverse ? ends.length : 0) : reverse ? from + 1 : from
  const place = Math.min(Math.max(asked, 0), ends.length)
  const end: End = place <= ends.length / 2 ? "head" : "tail"
  let distance = end === "head" ? place : ends.length - place
  let block = readLink(reader, ends[end])
  while (distance > block.entries.length) {
    distance -= block.entries.length
    const onward = block[LINKS[end].inward]
    if (onward === undefined)
      throw new CorruptBlock({ block: ends.header.id, reason: "counts more entries than it has" })
    block = readLink(reader, onward)
  }
  return { block, offset: end === "head" ? distance : block.entries.length - distance }
}
