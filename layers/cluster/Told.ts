import type { LatestRevision } from "../../schemas/Cluster.ts"
import type { PeerId, Rev } from "../../schemas/Ids.ts"

/** The latest revision of a block, and who told of it and of those before. */
export interface Told {
  readonly rev: Rev | 0
  readonly by: ReadonlyMap<Rev | 0, ReadonlyArray<PeerId>>
}

/** What each of several members told of a block. */
export const toldOf = (each: ReadonlyArray<readonly [peer: PeerId, told: LatestRevision]>): Told => {
  const by = new Map<Rev | 0, Array<PeerId>>()
  for (const [peer, { latest }] of each) {
    const rev = latest?.rev ?? 0
    by.set(rev, [...(by.get(rev) ?? []), peer])
  }
  return { by, rev: Math.max(...by.keys()) as Rev | 0 }
}
