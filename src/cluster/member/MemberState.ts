/** All that a member knows, as an immutable value: for tests, scripts and the explorer. A node keeps it in a store. */
import type { ActionId, BlockId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision, Revision } from "../../../schemas/Revision.ts"
import type { BlockState, Lock, TransactionRecord } from "../../storage/BlockState.ts"
import type { ViewChanges } from "../../storage/Plan.ts"
import type { MemberChange } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import type { Votes } from "./Votes.ts"

/** The state of a member. */
export interface MemberState {
  readonly blocks: ReadonlyMap<BlockId, BlockState>
  /** The revisions of each block, oldest first. */
  readonly revisions: ReadonlyMap<BlockId, ReadonlyArray<Revision>>
  readonly locks: ReadonlyMap<BlockId, ReadonlyArray<Lock>>
  readonly transactions: ReadonlyMap<ActionId, TransactionRecord>
  /** The manifests of what was applied. */
  readonly manifests: ReadonlyMap<ActionId, SignedManifest>
  readonly votes: ReadonlyMap<ActionId, Votes>
  /** Its part of the cluster index, by collection. */
  readonly entries: ReadonlyMap<BlockId, CertifiedRevision>
}

/** A member that has nothing yet. */
export const emptyMember: MemberState = {
  blocks: new Map(),
  entries: new Map(),
  locks: new Map(),
  manifests: new Map(),
  revisions: new Map(),
  transactions: new Map(),
  votes: new Map()
}

/** A state as the rules see it. */
export const viewOf = ({
  blocks,
  entries,
  locks,
  manifests,
  revisions,
  transactions,
  votes
}: MemberState): MemberView => ({
  applied: (id) => manifests.get(id),
  block: (id) => blocks.get(id),
  entry: (id) => entries.get(id),
  locks: (id) => locks.get(id) ?? [],
  mayBePendedOrAborted: (id) => transactions.has(id),
  revisionAfter: (block, rev): CertifiedRevision | undefined => {
    const action = revisions.get(block)?.find((revision) => revision.rev > rev)?.actionId
    const record = action === undefined ? undefined : transactions.get(action)
    const signed = action === undefined ? undefined : manifests.get(action)
    return record?._tag === "Committed" && signed !== undefined ? { block, proof: record.proof, signed } : undefined
  },
  promised: () => votes,
  transaction: (id) => transactions.get(id),
  undecided: (author) => {
    const all = [...votes.values()].filter(({ signed }) => author === undefined || signed.manifest.author === author)
    return { count: all.length, pendingLength: all.reduce((sum, { pendingLength }) => sum + pendingLength, 0) }
  },
  votes: (id) => votes.get(id)
})

const withEntry = <K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> => new Map(map).set(key, value)

const without = <K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> => {
  if (!map.has(key)) return map
  const copy = new Map(map)
  copy.delete(key)
  return copy
}

type Locks = MemberState["locks"]

const withoutLocks = (locks: Locks, isFreed: (block: BlockId, holder: ActionId) => boolean): Locks =>
  new Map(
    [...locks]
      .map(([block, held]) => [block, held.filter(({ holder }) => !isFreed(block, holder))] as const)
      .filter(([, held]) => held.length > 0)
  )

const afterStorage = (state: MemberState, { blocks, freed, locked, transaction }: ViewChanges): MemberState => {
  const after = { ...state }
  for (const block of blocks ?? []) {
    after.blocks = withEntry(after.blocks, block.id, block)
    after.revisions = withEntry(after.revisions, block.id, [...(after.revisions.get(block.id) ?? []), block.latest])
  }
  for (const [block, lock] of locked ?? []) {
    after.locks = withEntry(after.locks, block, [...(after.locks.get(block) ?? []), lock])
  }
  if (freed !== undefined) after.locks = withoutLocks(after.locks, (_block, holder) => holder === freed)
  if (transaction !== undefined) after.transactions = withEntry(after.transactions, ...transaction)
  return after
}

/** A state after a change that is durable. */
export const evolve = (state: MemberState, change: MemberChange): MemberState => {
  switch (change._tag) {
    case "Stored":
      return afterStorage(state, change.changes)
    case "Voted":
      return { ...state, votes: withEntry(state.votes, change.action, change.votes) }
    case "Settled":
      return { ...state, votes: without(state.votes, change.action) }
    case "Applied":
      return { ...state, manifests: withEntry(state.manifests, change.action, change.signed) }
    case "Entered":
      return { ...state, entries: withEntry(state.entries, change.entry.block, change.entry) }
    case "Unlocked": {
      const { block, holder } = change
      return { ...state, locks: withoutLocks(state.locks, (at, by) => at === block && by === holder) }
    }
    case "Forgotten":
      return {
        ...state,
        manifests: without(state.manifests, change.action),
        transactions: without(state.transactions, change.action)
      }
  }
}
