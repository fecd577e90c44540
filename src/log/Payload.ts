/** Where the actions of a log entry stand: inline, or in payload blocks of their own. Protocol §1. */
import type { PayloadBlock } from "../../schemas/BlockTypes.ts"
import type { Action, LogEntry, PayloadReference } from "../../schemas/Collection.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { BlockFault, type BlockReader, type BlockStore, expectBlock } from "../block/BlockStore.ts"
import { type Capacity, itemsBytes, pack } from "../chain/Packing.ts"
import { canonicalText } from "../encoding/CanonicalJson.ts"
import type { HashText } from "./LogBlock.ts"

/** Actions stand in their log entry if the canonical JSON of their array has up to 8 KiB. */
export const INLINE_BYTES = 8 * 1024

/** A payload block takes 256 KiB of actions; so one action may have up to 256 KiB of canonical JSON. */
export const PAYLOAD_CAPACITY: Capacity = { bytes: 256 * 1024, count: Number.POSITIVE_INFINITY }

/** The field of a log entry that has the actions, or refers to them. */
export type Placed = { readonly actions: ReadonlyArray<Action> } | { readonly payload: PayloadReference }

/** Places actions: small ones as they are, others in new payload blocks. Raises `LimitExceeded` for one over 256 KiB. */
export const place = (store: BlockStore, hash: HashText, actions: ReadonlyArray<Action>): Placed => {
  // The array's own size: its items, brackets and commas. Sized one by one, as packing would ask for them again.
  if (itemsBytes(actions) + Math.max(2, actions.length + 1) <= INLINE_BYTES) return { actions }
  const [first, ...rest] = pack("An action", actions, PAYLOAD_CAPACITY).map((run) => insertPayload(store, run))
  return { payload: { blocks: [first!, ...rest], count: actions.length, hash: hash(canonicalText(actions)) } }
}

const insertPayload = (store: BlockStore, actions: ReadonlyArray<Action>): BlockId => {
  const header = store.allocate("payload")
  store.insert({ actions, header })
  return header.id
}

/** The actions of an entry. Those in payload blocks are checked against the entry's count and hash: `CorruptBlock`. */
export const resolve = (reader: BlockReader, hash: HashText, entry: LogEntry): ReadonlyArray<Action> => {
  const { actions = [], payload } = entry
  if (payload === undefined) return actions
  const resolved = readPayloads(reader, payload.blocks).flatMap((block) => block.actions)
  const [block] = payload.blocks
  if (resolved.length !== payload.count) {
    throw new CorruptBlock({ block, reason: `payload of ${resolved.length} actions, expected ${payload.count}` })
  }
  if (hash(canonicalText(resolved)) !== payload.hash) {
    throw new CorruptBlock({ block, reason: "payload does not have the hash that its log entry gives" })
  }
  return resolved
}

/** Reads all or raises one fault for all that are missing, so that they are loaded in one go. */
const readPayloads = (reader: BlockReader, ids: ReadonlyArray<BlockId>): ReadonlyArray<PayloadBlock> => {
  const blocks: Array<PayloadBlock> = []
  const missing: Array<BlockId> = []
  for (const id of ids) {
    try {
      blocks.push(expectBlock(reader, id, "payload"))
    } catch (fault) {
      if (!(fault instanceof BlockFault)) throw fault
      missing.push(...fault.ids)
    }
  }
  if (missing.length > 0) throw new BlockFault(missing)
  return blocks
}
