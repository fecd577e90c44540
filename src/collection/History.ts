/** The revisions of a collection: who made each, and when. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CollectionRev } from "../../schemas/Collection.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { ActionId, PublicKey, Rev, StampId } from "../../schemas/Ids.ts"
import { entryPage, type LocatedEntry } from "../log/EntryPage.ts"
import { actionCount } from "../log/LogBlock.ts"
import type { CollectionError, OpenCollection } from "./Collection.ts"
import { checkCount } from "./limits.ts"

/** Which revisions to stream: from one (by default the first, or in reverse the latest), and how many at most. */
export interface HistoryOptions {
  readonly from?: number
  readonly reverse?: boolean
  readonly limit?: number
}

/** One revision of a collection, and the transaction that made it. */
export interface HistoryEntry {
  readonly rev: Rev
  /** Milliseconds, by the clock of the author: metadata only. */
  readonly time: number
  readonly transaction: ActionId
  readonly stampId: StampId
  readonly author: PublicKey
  /** The collections that the transaction wrote, this one among them, with their revisions. */
  readonly collections: ReadonlyArray<CollectionRev>
  /** How many actions it added to the log of this one. */
  readonly actions: number
}

/** Revisions that are read in one go. */
const PAGE = 32

/** The revisions of a collection in order, or in reverse, up to the latest when the stream starts. */
export const history = (
  collection: OpenCollection,
  { from, limit = Number.POSITIVE_INFINITY, reverse = false }: HistoryOptions = {}
): Stream.Stream<HistoryEntry, CollectionError> => {
  const { transactor } = collection.database

  const describe = ({ block, entry }: LocatedEntry): Effect.Effect<HistoryEntry, CollectionError> =>
    Effect.flatMap(transactor.proof(block, entry.rev), (proved) => {
      const { collections, rev, stampId, time } = entry
      if (proved === undefined) {
        return Effect.fail(new CorruptBlock({ block, reason: `its revision ${rev} has no proof` }))
      }
      const { author } = proved.signed.manifest
      const transaction = proved.revision.actionId
      return Effect.succeed({ actions: actionCount(entry), author, collections, rev, stampId, time, transaction })
    })

  const pages = Effect.map(collection.snapshot, ({ read }) =>
    Stream.paginateChunkEffect({ at: from, left: limit }, ({ at, left }) =>
      Effect.map(
        read((reader, { log }) =>
          entryPage(reader, log.tail, {
            limit: Math.min(PAGE, left),
            reverse,
            ...(at !== undefined && { from: at })
          })
        ),
        (entries) => {
          const rest = left - entries.length
          const last = entries.at(-1)?.entry.rev
          const isOver = last === undefined || rest <= 0
          const next = isOver ? Option.none() : Option.some({ at: last + (reverse ? -1 : 1), left: rest })
          return [Chunk.unsafeFromArray([...entries]), next]
        }
      )
    ).pipe(Stream.mapEffect(describe))
  )

  return Stream.unwrap(
    Effect.gen(function* () {
      yield* checkCount("from", from)
      yield* checkCount("limit", limit)
      return limit === 0 ? Stream.empty : yield* pages
    })
  )
}
