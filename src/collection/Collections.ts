/**
 * The collections of a database.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CorruptBlock, CorruptRecord } from "../../schemas/Errors.ts"
import type { CollectionId } from "../../schemas/Ids.ts"
import { Database, type DatabaseService } from "../transaction/Database.ts"
import { begin, type TransactionError } from "../transaction/Transaction.ts"
import { type CollectionReport, verifyByHeader } from "../verify/verifyByHeader.ts"
import type { VerifyOptions } from "../verify/verifyCollection.ts"
import { type CollectionError, openAny, type Placement } from "./Collection.ts"

export type { CollectionReport } from "../verify/verifyByHeader.ts"
export type { VerifyOptions, VerifyProblem, VerifyProgress } from "../verify/verifyCollection.ts"

/** What a collection was created as, and its latest revision. */
export interface CollectionInfo {
  readonly id: CollectionId
  readonly name: string
  /** `tree`, `diary`, or a kind of the user's own. */
  readonly kind: string
  readonly keyOrder?: string
  readonly placement: Placement
  readonly rev: number
}

/** Steps of the list that are taken in one go. */
const PAGE = 64

const infoOf = (
  database: DatabaseService,
  id: CollectionId
): Effect.Effect<Option.Option<CollectionInfo>, TransactionError> =>
  Effect.map(
    Effect.flatMap(begin(database, [id]), (attempt) => attempt.collection(id)),
    ({ pinned: { header, rev } }) => {
      if (header === undefined) return Option.none()
      const { keyOrder, kind, name, placement } = header
      return Option.some({ id, kind, name, placement, rev, ...(keyOrder !== undefined && { keyOrder }) })
    }
  )

/** A collection of which it cannot be told what it is: its header, or the end of its log, is damaged. */
export interface UnreadableCollection {
  readonly id: CollectionId
  readonly error: CorruptBlock | CorruptRecord
}

/** What a collection is, or that it cannot be told. */
export type Surveyed = Either.Either<CollectionInfo, UnreadableCollection>

const surveyed = (
  database: DatabaseService,
  id: CollectionId
): Effect.Effect<Option.Option<Surveyed>, TransactionError> => {
  const unreadable = (error: UnreadableCollection["error"]) =>
    Effect.succeed(Option.some<Surveyed>(Either.left({ error, id })))
  return Effect.map(
    infoOf(database, id),
    Option.map((info): Surveyed => Either.right(info))
  ).pipe(Effect.catchTags({ CorruptBlock: unreadable, CorruptRecord: unreadable }))
}

/** The collections of which this node keeps blocks, as {@link list}; a damaged one does not keep the others from being told. */
export const survey: Stream.Stream<Surveyed, TransactionError, Database> = Stream.unwrap(
  Effect.map(Database, (database) =>
    Stream.paginateChunkEffect(undefined as string | undefined, (after) =>
      Effect.map(
        database.transactor.collections({ limit: PAGE, ...(after !== undefined && { after }) }),
        ({ collections, resume }) => [Chunk.unsafeFromArray([...collections]), Option.fromNullable(resume)]
      )
    ).pipe(
      Stream.mapEffect((id) => surveyed(database, id)),
      Stream.filterMap((found) => found)
    )
  )
)

/**
 * The collections of which this node keeps blocks, in the order of their ids, which is none that means anything. Costs a
 * few look-ups for each. One that is created meanwhile may be in it or not. Fails at one that is damaged.
 */
export const list: Stream.Stream<CollectionInfo, TransactionError, Database> = Stream.mapEffect(
  survey,
  Either.match({ onLeft: ({ error }) => Effect.fail(error), onRight: Effect.succeed })
)

/**
 * Checks all that is kept of a collection, whatever it is: as its own `verify`, without its schemas. The data structure is checked
 * where its rules are those of this package: of diaries, chains, and trees in a built-in order of keys.
 */
export const verify = (
  name: string,
  options?: VerifyOptions
): Effect.Effect<CollectionReport, CollectionError, Database> =>
  Effect.flatMap(openAny(name), ([collection, header]) => verifyByHeader(collection, header, options))
