/** What may be believed of what peers say of a collection's entry in the cluster index. Protocol §1, *cluster index*. */
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"

/** What a peer says: who created the collection, proved; that it knows of nobody; or nothing that is worth anything. */
export type Said = ActionId | "none" | "nothing"

/** Who is asked, and how many of them count. */
export interface Asked {
  /** The K active peers that are closest to the id. */
  readonly closest: ReadonlyArray<PeerId>
  /** Those from whom they took over, as their records say. */
  readonly formerly: ReadonlyArray<PeerId>
  /** f. */
  readonly liars: number
  /** Q. */
  readonly quorum: number
}

/** What follows from what was said so far. */
export type Belief =
  | { readonly _tag: "Created"; readonly creator: ActionId }
  | { readonly _tag: "Absent" }
  /** All have been heard, and it is neither: some tell of an entry, or too few say anything. */
  | { readonly _tag: "Doubtful" }
  /** Each is what f + 1 peers say, with proof: more lie than may. */
  | { readonly _tag: "Contradiction"; readonly creators: ReadonlyArray<ActionId> }

/**
 * What is to be believed; undefined while it depends on who is still to be heard. `isPatient`: whether those of the closest who have not
 * answered are still waited for where enough others know of nobody.
 */
export const believe = (
  { closest, formerly, liars, quorum }: Asked,
  said: ReadonlyMap<PeerId, Said>,
  isPatient: boolean
): Belief | undefined => {
  const asked = [...new Set([...closest, ...formerly])]
  const counts = new Map<ActionId, number>()
  for (const peer of asked) {
    const what = said.get(peer)
    if (what !== undefined && what !== "none" && what !== "nothing") counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  const creators = [...counts].flatMap(([creator, count]) => (count > liars ? [creator] : []))
  const [creator] = creators
  if (creator !== undefined) {
    return creators.length === 1 ? { _tag: "Created", creator } : { _tag: "Contradiction", creators }
  }
  const nones = closest.filter((peer) => said.get(peer) === "none").length
  // Whoever took over from others may not be known to be closest everywhere yet: these are heard, too.
  const awaited = isPatient ? asked : formerly
  const isHeard = awaited.every((peer) => said.has(peer))
  if (counts.size === 0 && nones >= quorum && isHeard) return { _tag: "Absent" }
  return asked.every((peer) => said.has(peer)) ? { _tag: "Doubtful" } : undefined
}
