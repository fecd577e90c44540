/** Past states of a collection. */
import * as Effect from "effect/Effect"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock, Invalid, RevisionNotFound } from "../../schemas/Errors.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { runProcedure } from "../block/procedure.ts"
import { lastRev } from "../log/LogBlock.ts"
import { type CollectionEnds, PinnedCollection } from "../transaction/PinnedCollection.ts"
import type { Session } from "../transaction/Session.ts"
import type { CollectionError, OpenCollection, Read } from "./Collection.ts"

/** What reading a past revision may fail with: `RevisionPruned` where it is no longer kept. */
export type PastError = CollectionError | RevisionNotFound

/** A collection as it was at a revision. */
export interface PastState {
  readonly read: Read
  readonly rev: number
}

/**
 * A collection as it was at one of its revisions, whatever transaction is under way. Fails with `RevisionNotFound` where it
 * has none of this number (yet); reads fail with `RevisionPruned` where a block of that time is no longer kept.
 */
export const atRevision = (collection: OpenCollection, rev: number): Effect.Effect<PastState, PastError> =>
  Effect.gen(function* () {
    const { database, id } = collection
    if (!Number.isSafeInteger(rev)) return yield* new Invalid({ reason: `${rev} is no revision; it must be whole` })
    const latest = yield* collection.snapshot
    const name = yield* latest.read((_reader, header) => header.name)
    if (rev < 1 || rev > latest.rev) return yield* new RevisionNotFound({ collection: name, latest: latest.rev, rev })
    const ends = yield* endsAt(database, id, rev as Rev)
    const pinned = new PinnedCollection(id, rev, ends, database.past, database.transactor.get)
    const { header } = pinned
    return { read: (procedure) => runProcedure(pinned, () => procedure(pinned, header!, [])), rev }
  })

/** The header and the open tail as they were at a revision: the header of that time says which block the tail was. */
const endsAt = ({ transactor }: Session, id: BlockId, at: Rev): Effect.Effect<CollectionEnds, ReadError> => {
  const expect = (id: BlockId, type: "collection" | "log") =>
    Effect.flatMap(transactor.get([{ at, id }]), ([stored]) =>
      stored?.block?.header.type === type
        ? Effect.succeed(stored)
        : Effect.fail(new CorruptBlock({ block: id, reason: `is no ${type} block at revision ${at}` }))
    )
  return Effect.gen(function* () {
    const header = yield* expect(id, "collection")
    const { log } = header.block as unknown as CollectionBlock
    const tail = yield* expect(log.tail, "log")
    const last = lastRev(tail.block as unknown as LogBlock)
    if (last === at) return { header, tail }
    return yield* new CorruptBlock({ block: log.tail, reason: `ends with revision ${last}, expected ${at}` })
  })
}
