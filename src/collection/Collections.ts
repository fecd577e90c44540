/**
 * The collections of a database.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CollectionId } from "../../schemas/Ids.ts"
import { Database, type DatabaseService } from "../transaction/Database.ts"
import { begin, type TransactionError } from "../transaction/Transaction.ts"
import type { Placement } from "./Collection.ts"

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

/**
 * The collections of which this node keeps blocks, in the order of their ids, which is none that means anything. Costs a
 * few look-ups for each. One that is created meanwhile may be in it or not.
 */
export const list: Stream.Stream<CollectionInfo, TransactionError, Database> = Stream.unwrap(
  Effect.map(Database, (database) =>
    Stream.paginateChunkEffect(undefined as string | undefined, (after) =>
      Effect.map(
        database.transactor.collections({ limit: PAGE, ...(after !== undefined && { after }) }),
        ({ collections, resume }) => [Chunk.unsafeFromArray([...collections]), Option.fromNullable(resume)]
      )
    ).pipe(
      Stream.mapEffect((id) => infoOf(database, id)),
      Stream.filterMap((info) => info)
    )
  )
)
