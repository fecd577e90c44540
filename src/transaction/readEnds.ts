import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { BlockUnavailable, CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { TransactorService } from "../../services/Transactor.ts"
import { lockEnds } from "./lockEnds.ts"
import type { CollectionEnds } from "./PinnedCollection.ts"
import type { Session } from "./Session.ts"

/** Reading is tried again while logs roll over. */
const MAX_ROUNDS = 100
/** Before shared locks are asked for again others get a moment to finish, in milliseconds: twice as long each time, up to a bound. */
const FIRST_PAUSE_MILLIS = 1
const LONGEST_PAUSE_MILLIS = 32

/** The ends of collections, by id: undefined for those that do not exist. */
export type EndsById = ReadonlyMap<CollectionId, CollectionEnds | undefined>

/** Reads the latest revisions of blocks. */
export type LatestSource = NonNullable<TransactorService["latest"]>

/** The latest revisions of blocks, as a transactor has them. */
export const latestOf = ({ get, latest }: TransactorService): LatestSource =>
  latest ?? ((ids) => Effect.map(get(ids.map((id) => ({ id }))), (blocks) => ({ blocks, isOneInstant: true })))

/** Where open tails were last seen. */
type Tails = Map<CollectionId, BlockId | undefined>

/**
 * Reads the ends of several collections as of one instant. The open tail is asked for where it was last seen, together
 * with the header that tells where it is; where it has moved, both are asked for again. Undefined where they never agree.
 * Collections that do not keep still are locked for as long as it takes to see that all are as they were read. Protocol §5.
 */
export const readEnds = (
  session: Session,
  latest: LatestSource,
  ids: ReadonlyArray<CollectionId>
): Effect.Effect<EndsById | undefined, ReadError> => {
  const tails: Tails = new Map(ids.map((id) => [id, session.cache.tailHint(id)]))
  let locked = 0
  /** The ends as they are while all are locked. */
  const lock = (ends: EndsById, left: number): Effect.Effect<EndsById | undefined, ReadError> => {
    if (locked >= session.limits.maxSnapshotLocks) return unreadable(ids, "it changes faster than it can be read")
    return Effect.flatMap(lockEnds(session, ends), (lockedEnds) => {
      if (lockedEnds !== undefined) return Effect.succeed(lockedEnds)
      const pause = Math.min(FIRST_PAUSE_MILLIS * 2 ** locked++, LONGEST_PAUSE_MILLIS)
      return Effect.zipRight(Effect.sleep(Duration.millis(pause)), round(left))
    }).pipe(
      // More locks than a transaction may hold: asking again changes nothing.
      Effect.catchTag("LimitExceeded", ({ message }) => unreadable(ids, message))
    )
  }
  const round = (left: number): Effect.Effect<EndsById | undefined, ReadError> => {
    const asked: Array<BlockId> = []
    for (const [id, tail] of tails) {
      asked.push(id)
      if (tail !== undefined) asked.push(tail)
    }
    return Effect.flatMap(latest(asked), ({ blocks, isOneInstant }) => {
      const ends = endsIn(tails, new Map(asked.map((id, i) => [id, blocks[i]])))
      if (ends instanceof CorruptBlock) return Effect.fail(ends)
      if (ends !== undefined && !isOneInstant) return lock(ends, left)
      return ends !== undefined || left === 0 ? Effect.succeed(ends) : round(left - 1)
    })
  }
  return round(MAX_ROUNDS)
}

const unreadable = ([block]: ReadonlyArray<CollectionId>, reason: string) =>
  Effect.fail(new BlockUnavailable({ block: block!, reason }))

/** The ends among the blocks found; undefined where a tail is open that was not asked for, and now is in `tails`. */
const endsIn = (
  tails: Tails,
  found: ReadonlyMap<BlockId, StoredBlock | undefined>
): EndsById | CorruptBlock | undefined => {
  const ends = new Map<CollectionId, CollectionEnds | undefined>()
  let complete = true
  for (const [id, asked] of tails) {
    const header = found.get(id)
    const open = (header?.block as CollectionBlock | undefined)?.log.tail
    if (header === undefined || open === undefined) ends.set(id, undefined)
    else if (open === asked) {
      const tail = found.get(open)
      if (tail?.block === undefined) return new CorruptBlock({ block: open, reason: "the open tail is absent" })
      ends.set(id, { header, tail })
    } else {
      tails.set(id, open)
      complete = false
    }
  }
  return complete ? ends : undefined
}
