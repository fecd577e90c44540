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

const keyOf = ({ collection, creator }: EntrySummary): string => `${collection} ${creator}`

/** The entries that were told, by what is told of them alike; whatever more peers tell of first. */
export const candidatesOf = (told: ToldBy): ReadonlyArray<Candidate> => alike(told, ({ entries }) => entries)

/** The creations that were told of. Who told of one as an entry gives it, too: there it is decided already. */
export const creationsOf = (told: ToldBy): ReadonlyArray<Candidate> => {
  const undecided = new Set([...told.values()].flatMap(({ creations }) => creations.map(keyOf)))
  return alike(told, ({ creations, entries }) => [...creations, ...entries].filter((one) => undecided.has(keyOf(one))))
}

const alike = (told: ToldBy, of: (one: Told) => ReadonlyArray<EntrySummary>): ReadonlyArray<Candidate> => {
  const byEntry = new Map<string, EntrySummary & { readonly givers: Set<PeerId> }>()
  for (const [peer, one] of told) {
    for (const { collection, creator } of of(one)) {
      const key = keyOf({ collection, creator })
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
}

/**
 * Whether a peer that has its part may say that it is active. Where too few others are for there to be a cluster, only one of the first may: all others
 * do not see the network yet.
 */
export const mayBeActive = ({ activeOthers, isFounder }: Standing, clusterSize: number): boolean =>
  isFounder || activeOthers >= clusterSize

/**
 * What a newcomer is to wait for: what more than may lie tell of; while it is patient what anybody does. `creations`: those told of whose
 * names it has no entry of. Decision 32.
 */
export const awaited = (
  told: ToldBy,
  creations: ReadonlyArray<Candidate>,
  { liars }: Quorums,
  isPatient: boolean
): { readonly isCreating: boolean; readonly newcomers: ReadonlySet<PeerId> } => {
  const needed = isPatient ? 1 : liars + 1
  const counts = new Map<PeerId, number>()
  for (const { newcomers } of told.values()) {
    for (const newcomer of new Set(newcomers)) counts.set(newcomer, (counts.get(newcomer) ?? 0) + 1)
  }
  return {
    isCreating: creations.some(({ givers }) => givers.length >= needed),
    newcomers: new Set([...counts].flatMap(([newcomer, count]) => (count >= needed ? [newcomer] : [])))
  }
}
