import * as Effect from "effect/Effect"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { CorruptBlock } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { TransactorService } from "../../services/Transactor.ts"
import type { CollectionEnds } from "./PinnedCollection.ts"
import type { Session } from "./Session.ts"

/** Reading is tried again while logs roll over. */
const MAX_ROUNDS = 100

/** The ends of collections, by id: undefined for those that do not exist. */
export type EndsById = ReadonlyMap<CollectionId, CollectionEnds | undefined>

/** Where open tails were last seen. */
type Tails = Map<CollectionId, BlockId | undefined>

/**
 * Reads the ends of several collections as of one instant. The open tail is asked for where it was last seen, together
 * with the header that tells where it is; where it has moved, both are asked for again. Undefined where they never agree.
 */
export const readEnds = (
  { cache }: Session,
  get: TransactorService["get"],
  ids: ReadonlyArray<CollectionId>
): Effect.Effect<EndsById | undefined, ReadError> => {
  const tails: Tails = new Map(ids.map((id) => [id, cache.tailHint(id)]))
  const round = (left: number): Effect.Effect<EndsById | undefined, ReadError> => {
    const asked: Array<BlockId> = []
    for (const [id, tail] of tails) {
      asked.push(id)
      if (tail !== undefined) asked.push(tail)
    }
    return Effect.flatMap(get(asked.map((id) => ({ id }))), (found) => {
      const ends = endsIn(tails, new Map(asked.map((id, i) => [id, found[i]])))
      if (ends instanceof CorruptBlock) return Effect.fail(ends)
      return ends !== undefined || left === 0 ? Effect.succeed(ends) : round(left - 1)
    })
  }
  return round(MAX_ROUNDS)
}

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
