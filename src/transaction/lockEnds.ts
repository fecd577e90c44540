import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock, type LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId, Hash, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Base } from "../../schemas/Manifest.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { TransactError } from "../../services/Transactor.ts"
import { actionId } from "../encoding/BlockIds.ts"
import { signClaim } from "../encoding/Statements.ts"
import { buildManifest, type ReadCollection } from "./buildManifest.ts"
import { newStamp } from "./newStamp.ts"
import type { CollectionEnds } from "./PinnedCollection.ts"
import type { EndsById } from "./readEnds.ts"
import type { Session } from "./Session.ts"

/** Revisions that an open tail may have got since it was read, as far as they are asked for. */
const MAX_SINCE = 64

/**
 * Takes shared locks on the ends of collections, in a transaction that only reads. Gives the ends if it commits: then all were so at
 * the instant of its decision. Otherwise others were first, or hold locks. Protocol §5.
 */
export const lockEnds = (
  session: Session,
  seen: EndsById
): Effect.Effect<EndsById | undefined, ReadError | LimitExceeded> =>
  Effect.gen(function* () {
    const { entropy, hasher, signer, transactor } = session
    const { network } = transactor
    // What is read whole is soon past: so only who wrote last is asked for, and the rest once it is known that it counts.
    const locks = yield* Effect.forEach(seen, ([id, ends]) => lockOf(session, id, ends), { concurrency: "unbounded" })
    const stamp = newStamp(entropy, yield* Clock.currentTimeMillis)
    const manifest = buildManifest({ author: signer.publicKey, network, stamp }, [], locks)
    const author = signClaim(signer, network, { action: actionId(hasher, manifest), kind: "author" })
    const answer = yield* transactor.transact({ payload: {}, signed: { manifest, signatures: [author] } })
    if (answer._tag !== "Committed") return undefined
    return new Map(yield* Effect.forEach(locks, (lock) => endsAt(session, lock)))
  }).pipe(
    // It has written nothing: however it ends, it may be tried again.
    Effect.catchTags({ Busy: notNow, OutcomeUnknown: notNow })
  )

const notNow = () => Effect.succeed(undefined)

/** A collection that is to be locked, and its ends as they were seen a moment before. */
interface EndsLock extends ReadCollection {
  readonly seen: CollectionEnds | undefined
}

/** What is locked of a collection: its open tail, or, where it does not exist, that it does not. */
const lockOf = (
  { transactor }: Session,
  id: CollectionId,
  seen: CollectionEnds | undefined
): Effect.Effect<EndsLock, TransactError> => {
  const lock = (block: BlockId, base: Base, members: ReadonlyArray<PeerId>): EndsLock => ({
    base,
    block,
    id,
    members,
    seen
  })
  if (seen === undefined) return Effect.map(transactor.membersFor(id), (members) => lock(id, "none", members))
  const { log, members } = seen.header.block as unknown as CollectionBlock
  const range = { from: (seen.tail.rev + 1) as Rev, limit: MAX_SINCE }
  return Effect.map(transactor.revisions(log.tail, range), (since) => {
    const { after, rev } = since.at(-1) ?? seen.tail
    return lock(log.tail, { hash: after as Hash, rev }, members)
  })
}

/** The ends of a collection whose tail was locked. A tail that is open has the header that it was found by. */
const endsAt = (
  { transactor }: Session,
  { base, block, id, seen }: EndsLock
): Effect.Effect<readonly [CollectionId, CollectionEnds | undefined], ReadError> => {
  if (seen === undefined || base === "none" || base.rev === seen.tail.rev) return Effect.succeed([id, seen])
  return Effect.flatMap(transactor.get([{ at: base.rev, id: block }]), ([tail]) =>
    tail === undefined
      ? Effect.fail(new CorruptBlock({ block, reason: "the open tail is absent" }))
      : Effect.succeed([id, { header: seen.header, tail }] as const)
  )
}
