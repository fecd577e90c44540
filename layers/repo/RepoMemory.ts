import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import type { MemberOverlay } from "../../src/cluster/member/MemberOverlay.ts"
import type { VoteTable } from "../../src/cluster/member/VoteTable.ts"
import type { BlockState, TransactionRecord } from "../../src/storage/BlockState.ts"
import type { LockTable } from "../../src/storage/Overlay.ts"

/** Cost of a cached block beside its content, in bytes. */
const OVERHEAD_BYTES = 500

const weigh = ({ blockLength }: BlockState): number => OVERHEAD_BYTES + blockLength

/** Pended transactions whose payloads are kept in memory until they are decided; others are read again. */
const MAX_PENDING = 1_024

/** Payloads are written once, and read by nobody but who reads the log: in memory they would only displace others. */
const isWrittenAgain = ({ block }: BlockState): boolean => block?.header.type !== "payload"

type Pending = Extract<TransactionRecord, { _tag: "Pending" }>

/** What the writer of a store keeps in memory: all locks and promises, and some blocks. It says what is durable. */
export class RepoMemory {
  readonly states: BoundedCache<BlockId, BlockState>
  readonly pending = new BoundedCache<ActionId, Pending>(MAX_PENDING, () => 1)
  readonly locks: LockTable
  readonly votes: VoteTable
  /** Whether any transaction was ever aborted here: as long as none was, no mark of one need be looked for. */
  hasAborted: boolean

  constructor(cacheBytes: number, locks: LockTable, votes: VoteTable, hasAborted: boolean) {
    this.states = new BoundedCache(cacheBytes, weigh)
    this.locks = locks
    this.votes = votes
    this.hasAborted = hasAborted
  }

  /** Takes over what a batch has looked at and changed, once that is durable. */
  commit(looked: ReadonlyMap<BlockId, BlockState | undefined>, overlay: MemberOverlay): void {
    for (const [id, loaded] of looked) if (loaded !== undefined && !overlay.blocks.has(id)) this.states.set(id, loaded)
    for (const [id, changed] of overlay.blocks) {
      if (isWrittenAgain(changed)) this.states.set(id, changed)
      else this.states.delete(id)
    }
    for (const [id, lock] of overlay.locked) this.locks.add(id, lock)
    for (const [id, holder] of overlay.unlocked) this.locks.unlock(id, holder)
    for (const holder of overlay.freed) this.locks.free(holder)
    for (const [action, record] of overlay.transactions) {
      this.hasAborted ||= record?._tag === "Aborted"
      if (record?._tag === "Pending") this.pending.set(action, record)
      else this.pending.delete(action)
    }
    for (const [action, votes] of overlay.promises) {
      if (votes === undefined) this.votes.delete(action)
      else this.votes.set(action, votes)
    }
  }

  /** Lets go of what a failed batch would have changed: whether it reached the disk is not known. */
  distrust(overlay: MemberOverlay): void {
    for (const id of overlay.blocks.keys()) this.states.delete(id)
    for (const action of overlay.transactions.keys()) this.pending.delete(action)
  }
}
