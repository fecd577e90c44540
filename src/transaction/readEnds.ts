import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { CollectionEnds } from "./PinnedCollection.ts"
import type { Session } from "./Session.ts"

/** Reading is tried again while logs roll over. */
const MAX_ROUNDS = 100

/** The ends of collections, by id: undefined for those that do not exist. */
export type EndsById = ReadonlyMap<CollectionId, CollectionEnds | undefined>

/**
 * Reads the ends of several collections as of one instant. The open tail is asked for where it was last seen, together
 * with the header that tells where it is; where it has moved, both are asked for again. Undefined where they never agree.
 */
export const readEnds = Effect.fnUntraced(function* (
  { cache, transactor }: Session,
  ids: ReadonlyArray<CollectionId>
): Effect.fn.Return<EndsById | undefined, ReadError> {
  const tails = new Map<CollectionId, BlockId | undefined>(ids.map((id) => [id, cache.tailHint(id)]))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const asked = ids.flatMap((id): ReadonlyArray<BlockId> => {
      const tail = tails.get(id)
      return tail === undefined ? [id] : [id, tail]
    })
    const found = yield* transactor.get(asked.map((id) => ({ id })))
    const byId = new Map(asked.map((id, i) => [id, found[i]]))
    const ends = new Map<CollectionId, CollectionEnds | undefined>()
    for (const id of ids) {
      const header = byId.get(id)
      const open = (header?.block as CollectionBlock | undefined)?.log.tail
      if (header === undefined || open === undefined) ends.set(id, undefined)
      else if (open === tails.get(id)) {
        const tail = byId.get(open)
        if (tail?.block === undefined)
          return yield* new CorruptBlock({ block: open, reason: "the open tail is absent" })
        ends.set(id, { header, tail })
      } else tails.set(id, open)
    }
    if (ends.size === ids.length) return ends
  }
  return undefined
})
