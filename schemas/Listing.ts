/** What peers tell a client of the collections that they keep. */
import * as Schema from "effect/Schema"
import { CollectionId } from "./Ids.ts"

/** Collections that are told in one answer, at most. */
export const MAX_COLLECTIONS_TOLD = 256
/** Where a list goes on: no longer than an id, and some more. */
const MAX_POSITION = 128

const Position = Schema.String.pipe(Schema.maxLength(MAX_POSITION))

/** The collections that a peer keeps, after a place in the order of their ids: so many steps of its list. */
export const ListingQuestion = Schema.Struct({
  after: Schema.optionalWith(Position, { exact: true }),
  limit: Schema.Int.pipe(Schema.between(1, MAX_COLLECTIONS_TOLD))
})
export type ListingQuestion = typeof ListingQuestion.Type

/** A part of them, proved by nothing; where there are more, they go on after `resume`. */
export const ListingAnswer = Schema.Struct({
  collections: Schema.Array(CollectionId).pipe(Schema.maxItems(MAX_COLLECTIONS_TOLD)),
  resume: Schema.optionalWith(Position, { exact: true })
})
export type ListingAnswer = typeof ListingAnswer.Type
