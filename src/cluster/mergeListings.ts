import type { ListingAnswer } from "../../schemas/Listing.ts"
import type { CollectionPage } from "../../services/StorageRepo.ts"

/**
 * One part of a list, of the parts that several peers tell after the same place: those collections that more of them tell of than may
 * lie, as far as all of them have told. A peer that does not get further is not heard.
 */
export const mergeListings = (
  after: string | undefined,
  told: ReadonlyArray<ListingAnswer>,
  liars: number
): CollectionPage => {
  const heard = told.filter(({ resume }) => resume === undefined || after === undefined || resume > after)
  const [resume] = heard.flatMap(({ resume }) => resume ?? []).sort()
  const tellers = new Map<ListingAnswer["collections"][number], number>()
  for (const { collections } of heard) {
    for (const id of new Set(collections)) {
      const isHere = (after === undefined || id > after) && (resume === undefined || id <= resume)
      if (isHere) tellers.set(id, (tellers.get(id) ?? 0) + 1)
    }
  }
  const collections = [...tellers].flatMap(([id, count]) => (count > liars ? [id] : [])).sort()
  return { collections, ...(resume !== undefined && { resume }) }
}
