/** What a peer takes over of the cluster index before it says that it is active, and while it is. Protocol §1, *cluster index*. */
import type { PeerId } from "../../../schemas/Ids.ts"
import type { EntrySummary } from "../../../schemas/Repo.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import type { Quorums } from "../Quorum.ts"

/** What a peer told a newcomer of. */
export interface Told {
  /** Names for which it has approved a transaction that is undecided, and that may concern the newcomer. */
  readonly creations: ReadonlyArray<EntrySummary>
  /** Those that the newcomer is to keep, as that peer sees it. */
  readonly entries: ReadonlyArray<EntrySummary>
  /** Others that are about to be active. */
  readonly newcomers: ReadonlyArray<PeerId>
}

/** What peers told of, by who told it. */
export type ToldBy = ReadonlyMap<PeerId, Told>

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
export const candidatesOf = (told: ToldBy): ReadonlyArray<Candidate> => {
  const byEntry = new Map<string, EntrySummary & { readonly givers: Set<PeerId> }>()
  for (const [peer, { entries }] of told) {
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

/** What a newcomer is to wait for: what more than may lie tell of; while it is patient what anybody does. Decision 32. */
export const awaited = (
  told: ToldBy,
  { liars }: Quorums,
  isPatient: boolean
): { readonly isCreating: boolean; readonly newcomers: ReadonlySet<PeerId> } => {
  const needed = isPatient ? 1 : liars + 1
  const all = [...told.values()]
  const creations = all.map((one) => one.creations.map(({ collection, creator }) => `${collection} ${creator}`))
  return {
    isCreating: sharedBy(needed, creations).length > 0,
    newcomers: new Set(
      sharedBy(
        needed,
        all.map((one) => one.newcomers)
      )
    )
  }
}

/** What is in so many of some lists. */
const sharedBy = <A>(needed: number, lists: ReadonlyArray<ReadonlyArray<A>>): ReadonlyArray<A> => {
  const counts = new Map<A, number>()
  for (const list of lists) for (const one of new Set(list)) counts.set(one, (counts.get(one) ?? 0) + 1)
  return [...counts].flatMap(([one, count]) => (count >= needed ? [one] : []))
}
