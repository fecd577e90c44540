import type { ActionId, CollectionId, PeerId } from "../../../schemas/Ids.ts"
import { entriesOf, isCollectionId } from "../../storage/manifestRules.ts"
import type { MemberView } from "./MemberView.ts"

/** A name that is not used yet, which members hold for a transaction that creates it, or that read that there is no such collection. */
export interface PendingCreation {
  readonly collection: CollectionId
  readonly creator: ActionId
  readonly members: ReadonlyArray<PeerId>
}

/** What of that a member has approved and is undecided: each may still commit. */
export const approvedCreations = (view: MemberView, self: PeerId): ReadonlyArray<PendingCreation> => {
  const creations: Array<PendingCreation> = []
  for (const [creator, { signed, vote }] of view.promised()) {
    if (vote?.kind !== "approve") continue
    for (const { members, reads, writes } of signed.manifest.shards) {
      if (!members.includes(self)) continue
      const bases = [...entriesOf(reads), ...entriesOf(writes).map(([id, { base }]) => [id, base] as const)]
      for (const [id, base] of bases) {
        if (base === "none" && isCollectionId(id)) creations.push({ collection: id, creator, members })
      }
    }
  }
  return creations
}
