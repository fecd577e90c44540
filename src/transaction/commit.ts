import * as Effect from "effect/Effect"
import { type Conflict, Invalid, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId, Hash, Rev } from "../../schemas/Ids.ts"
import type { Stale, StoredBlock } from "../../schemas/Repo.ts"
import type { Transform } from "../../schemas/Transform.ts"
import type { TransactError } from "../../services/Transactor.ts"
import { leadsTo, rememberApplication } from "../block/apply.ts"
import { BlockFault } from "../block/BlockStore.ts"
import type { Tracker } from "../block/Tracker.ts"
import { actionId, hashText, hashValue, stampId } from "../encoding/BlockIds.ts"
import { sizeBytes, textLength } from "../encoding/CanonicalJson.ts"
import { recordOf } from "../encoding/recordOf.ts"
import { signClaim } from "../encoding/Statements.ts"
import type { Attempt } from "./Attempt.ts"
import { appendEntry, type EntryFrame } from "./appendEntry.ts"
import { type BlockWrite, buildManifest, type ReadCollection, type WrittenCollection } from "./buildManifest.ts"
import type { CollectionChanges, ProcedureError } from "./CollectionChanges.ts"
import type { Session, TransactionLimits } from "./Session.ts"

/** What committing may fail with. */
export type CommitError = ProcedureError | TransactError | Conflict | Invalid

/**
 * Commits what an attempt wrote, if anything: appends its log entries, describes it in a signed manifest and waits for the
 * decision. Fails with `Conflict` where another transaction was first.
 */
export const commit = Effect.fnUntraced(function* (
  session: Session,
  attempt: Attempt
): Effect.fn.Return<void, CommitError> {
  if (attempt.isLost) return yield* attempt.lose()
  const all = [...attempt.collections]
  const changed = all.filter((changes) => changes.isWritten)
  // What was only read is one snapshot already.
  if (changed.length === 0) return yield* attempt.validate
  const { cache, hasher, limits, signer, transactor } = session
  // What this node knows already need not be signed and sent to be refused.
  if (changed.some(({ id, pinned }) => cache.isBeyond(id, pinned.rev))) return yield* attempt.lose()
  const frame: EntryFrame = {
    collections: changed
      .map(({ id, pinned }) => ({ id, rev: (pinned.rev + 1) as Rev }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    stampId: stampId(hasher, signer.publicKey, attempt.stamp),
    time: attempt.stamp.time
  }
  const written: Array<DescribedCollection> = []
  const read: Array<ReadCollection> = []
  for (const changes of all) {
    if (changed.includes(changes)) written.push(yield* describe(session, changes, frame))
    else read.push(yield* tailOf(session, changes))
  }
  const changes = written.flatMap(({ blocks }) => blocks.map(({ id, transform }) => [id, transform] as const))
  const excess = excessOf(
    limits,
    changes.map(([, transform]) => transform)
  )
  if (excess !== undefined) return yield* excess
  const { network } = transactor
  const manifest = buildManifest({ author: signer.publicKey, network, stamp: attempt.stamp }, written, read)
  const author = signClaim(signer, network, { action: actionId(hasher, manifest), kind: "author" })
  const answer = yield* transactor.transact({ payload: recordOf(changes), signed: { manifest, signatures: [author] } })
  switch (answer._tag) {
    case "Committed":
      for (const { baseRev, blocks, id, tailAfter } of written) {
        cache.committed(
          id,
          baseRev + 1,
          tailAfter,
          blocks.map(({ id, result }) => [id, result])
        )
        session.commits.raise(id)
      }
      return
    case "Stale":
      // What is newer the log tells at the next read. Where nothing is, whatever was read was not what it should be.
      if (!answer.missed.some((missed) => isNewer(changed, missed))) {
        for (const { id } of all) cache.forget(id)
      }
      return yield* attempt.lose()
    case "Locked":
      return yield* attempt.lose()
    case "Refused":
      return yield* new Invalid({ reason: `transaction ${answer.actionId} was refused: ${answer.reason}` })
  }
})

/** Whether a revision that was missed is one of those after what a transaction has read of the block's collection. */
const isNewer = (changed: ReadonlyArray<CollectionChanges>, { block, latest }: Stale["missed"][number]): boolean => {
  const owner = changed.find(({ tracker }) => tracker.changes.has(block))
  return owner !== undefined && latest !== null && latest.rev > owner.pinned.rev
}

/** A written collection, and its open tail from now on. */
interface DescribedCollection extends WrittenCollection {
  readonly tailAfter: BlockId
}

/** Appends the log entry of a written collection, and describes each of its changed blocks. */
const describe = (
  session: Session,
  changes: CollectionChanges,
  frame: EntryFrame
): Effect.Effect<DescribedCollection, ProcedureError> => {
  const hash = (text: string) => hashText(session.hasher, text)
  const procedure = (store: Tracker) => {
    appendEntry(changes, store, hash, frame)
    // May fault: the base of a changed block may have left the cache.
    const blocks = blockWrites(session, changes)
    const tailAfter = changes.header!.log.tail
    const result: DescribedCollection = {
      baseRev: changes.pinned.rev,
      blocks,
      id: changes.id,
      members: changes.members,
      tail: changes.pinned.tail?.header.id ?? tailAfter,
      tailAfter
    }
    return { actions: [], result }
  }
  const atOnce = changes.tryWrite(procedure)
  return atOnce instanceof BlockFault ? changes.write(procedure) : atOnce
}

const blockWrites = ({ hasher }: Session, changes: CollectionChanges): ReadonlyArray<BlockWrite> => {
  const rev = (changes.pinned.rev + 1) as Rev
  const writes: Array<BlockWrite> = []
  for (const [id, { block, isFolded, members, transform }] of changes.tracker.changes) {
    const before = "insert" in transform ? undefined : changes.pinned.stored(id, members)
    if (before?.block !== undefined && block !== undefined && (!isFolded || leadsTo(transform, before.block, block))) {
      rememberApplication(transform, before.block, block)
    }
    const result: StoredBlock = { after: block === undefined ? "deleted" : hashValue(hasher, block), block, rev }
    writes.push({
      base: before === undefined ? "none" : { hash: before.after as Hash, rev: before.rev },
      change: hashValue(hasher, transform),
      id,
      index: before === undefined && id !== changes.id ? changes.indexOf(id) : undefined,
      members,
      result,
      transform
    })
  }
  return writes
}

/** What a manifest says of a collection that was only read: its open tail, or that it does not exist. */
const tailOf = (
  { transactor }: Session,
  { id, members, pinned }: CollectionChanges
): Effect.Effect<ReadCollection, TransactError> => {
  if (pinned.tail === undefined) {
    return Effect.map(transactor.membersFor(id), (members) => ({ base: "none", block: id, id, members }))
  }
  const block = pinned.tail.header.id
  const tail = pinned.stored(block)!
  return Effect.succeed({ base: { hash: tail.after as Hash, rev: tail.rev }, block, id, members })
}

/** UTF-8 bytes of a UTF-16 code unit, at most. */
const MAX_BYTES_PER_UNIT = 3

/** By how much a transaction is too large, if it is. */
const excessOf = (
  { maxTransactionBlocks, maxTransactionBytes }: TransactionLimits,
  transforms: ReadonlyArray<Transform>
): LimitExceeded | undefined => {
  const count = transforms.length
  if (count > maxTransactionBlocks) {
    const what = "the number of blocks that the transaction changes"
    return new LimitExceeded({ actual: count, limit: maxTransactionBlocks, what })
  }
  const units = transforms.reduce((total, transform) => total + textLength(transform), 0)
  // As a rule it is far below the limit: no need to count.
  if (units * MAX_BYTES_PER_UNIT <= maxTransactionBytes) return undefined
  const bytes = transforms.reduce((total, transform) => total + sizeBytes(transform), 0)
  return bytes > maxTransactionBytes
    ? new LimitExceeded({ actual: bytes, limit: maxTransactionBytes, what: "the size of the transaction" })
    : undefined
}
