import * as Effect from "effect/Effect"
import { CorruptRecord, type StorageError } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { RawStorageService } from "../../services/RawStorage.ts"
import type { CollectionListing, CollectionPage } from "../../services/StorageRepo.ts"
import { PLACE_CHARACTERS } from "../encoding/BlockIds.ts"
import { parse } from "./BlockStorage.ts"
import { type HeadRecord, keys } from "./records.ts"

/** Above every character of an id. */
const ABOVE_ALL = "~"

/** Ids of one place stand together in the order of keys. */
const placeOf = (id: string): string => id.slice(0, PLACE_CHARACTERS)

/**
 * The collections of which a store has blocks. All blocks that live together share their place with the header, so one of
 * them, whose head record names the collection, stands for all: the rest is jumped over. A block that lives by itself
 * (`scatter`, in a network) is a step of its own. So a page takes at most `limit` steps, and may have fewer collections.
 */
export const listCollections = Effect.fnUntraced(function* (
  raw: RawStorageService,
  { after, limit }: CollectionListing
): Effect.fn.Return<CollectionPage, StorageError> {
  const collections: Array<CollectionId> = []
  let last = after
  for (let step = 0; step < limit; step++) {
    const [id]: ReadonlyArray<string> = yield* raw.blocks("block", {
      limit: 1,
      ...(last !== undefined && { after: last })
    })
    if (id === undefined) return { collections }
    const place = placeOf(id)
    const collection = yield* collectionOf(raw, id as BlockId)
    if (collection !== undefined && placeOf(collection) === place) collections.push(collection)
    // Of a block that is only pended nothing is known: the next of its place may tell.
    last = collection === undefined ? id : place + ABOVE_ALL
  }
  return { collections, ...(last !== undefined && { resume: last }) }
})

/** The collection of a block; undefined for one that is only pended yet. */
const collectionOf = (raw: RawStorageService, id: BlockId): Effect.Effect<CollectionId | undefined, StorageError> =>
  Effect.flatMap(raw.get(keys.head(id)), (text) => {
    if (text === undefined) return Effect.succeed(undefined)
    return Effect.flatMap(parse<HeadRecord>(keys.head(id), text), ({ collection }) =>
      typeof collection === "string"
        ? Effect.succeed(collection)
        : Effect.fail(new CorruptRecord({ key: keys.head(id).join("/"), reason: "names no collection" }))
    )
  })
