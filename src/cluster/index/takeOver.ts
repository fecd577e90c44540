/** What a peer takes over of the cluster index before it says that it is active, and while it is. Protocol §1, *cluster index*. */
import type { PeerId } from "../../../schemas/Ids.ts"
import type { EntrySummary } from "../../../schemas/Repo.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import type { Quorums } from "../Quorum.ts"

/** All entries that peers told of, each of those that this peer is to keep as that one sees it. */
export type Told = ReadonlyMap<PeerId, ReadonlyArray<EntrySummary>>

/** How many of the peers that are closest must have told: Q of K; of fewer, all but as many as may fail among K, and somebody. */
const neededOf = (peers: number, clusterSize: number, { quorum }: Quorums): number =>
  peers >= clusterSize ? quorum : Math.max(Math.min(1, peers), peers - (clusterSize - quorum))

/** Whether enough have told of every cluster that this peer comes to be in. */
export const isCovered = (
  clusters: ReadonlyArray<ReadonlyArray<PeerId>>,
  told: { readonly has: (peer: PeerId) => boolean },
  clusterSize: number,
  quorums: Quorums
): boolean =>
  clusters.every(
    (cluster) => cluster.filter((peer) => told.has(peer)).length >= neededOf(cluster.length, clusterSize, quorums)
  )

/** An entry that some peers gave alike. */
export interface Candidate extends EntrySummary {
  readonly givers: ReadonlyArray<PeerId>
}

/** What was told, by what is told of it alike; whatever more peers tell of first. */
export const candidatesOf = (told: Told): ReadonlyArray<Candidate> => {
  const byEntry = new Map<string, EntrySummary & { readonly givers: Set<PeerId> }>()
  for (const [peer, entries] of told) {
    for (const { collection, creator } of entries) {
      const key = `${collection} ${creator}`
      const known = byEntry.get(key)
      if (known === undefined) byEntry.set(key, { collection, creator, givers: new Set([peer]) })
      else known.givers.add(peer)
    }
  }
  return [...byEntry.values()]
    .map(({ givers, ...entry }): Candidate => ({ ...entry, givers: [...givers] }))
    .toSorted((a, b) => b.givers.length - a.givers.length || (a.collection < b.collection ? -1 : 1))
}

/** Whether a proved entry stands: f + 1 give it, or its members are those that this peer sees itself. */
export const stands = (
  { givers }: Candidate,
  members: ReadonlyArray<PeerId>,
  closest: ReadonlyArray<PeerId>,
  { liars }: Quorums
): boolean => givers.length > liars || sameMembers(members, closest)

/** Where a peer is with becoming active. */
export interface Standing {
  /** Whether the network's configuration names it as one of the first. */
  readonly isFounder: boolean
  /** How many others are active, as far as it knows. */
  readonly activeOthers: number
  readonly isCovered: boolean
}

/**
 * Whether a peer may say that it is active. Where too few others are for there to be a cluster, only one of the first may: all others
 * do not see the network yet.
 */
export const mayBeActive = ({ activeOthers, isCovered, isFounder }: Standing, clusterSize: number): boolean =>
  isCovered && (isFounder || activeOthers >= clusterSize)
