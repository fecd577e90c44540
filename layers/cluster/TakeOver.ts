/** Takes entries of the cluster index over from those who keep them. Protocol §1, *cluster index*. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { EntrySummary, RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { ClusterMemberService } from "../../services/ClusterMember.ts"
import type { DirectoryService } from "../../services/Directory.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { PeerError, PeerNetworkService } from "../../services/PeerNetwork.ts"
import { creationIn } from "../../src/cluster/evidence/Creation.ts"
import { type Candidate, candidatesOf, creationsOf, stands, type Told } from "../../src/cluster/index/takeOver.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import type { Quorums } from "../../src/cluster/Quorum.ts"
import { answerWithin } from "./answerWithin.ts"

/** What taking over takes. */
export interface TakeOverContext {
  /** How long the answer of a peer is waited for, in milliseconds. */
  readonly answerMillis: number
  readonly clusterSize: number
  readonly directory: Pick<DirectoryService, "nearest">
  readonly hasher: HasherService
  /** How long all are heard, and then how long entries that too few tell of are looked at, in milliseconds. */
  readonly hearMillis: number
  /** Entries that one peer is heard to tell of, at most: whoever tells of more is not heard. */
  readonly maxEntries: number
  readonly member: Pick<ClusterMemberService, "enter" | "entry">
  readonly network: PeerNetworkService
  readonly quorums: Quorums
}

/** What came of it. */
export interface TakenOver {
  /** What was told of as undecided, of names of which there is no entry here. */
  readonly creations: ReadonlyArray<Candidate>
  /** Who told of all entries that are to be kept here: of those that arrive, who heeds this one, and what it told. */
  readonly from: ReadonlyMap<PeerId, Told>
  /** Whether all that stands is entered. */
  readonly isWhole: boolean
}

const NOTHING_ARRIVES: RepoAnswer = { _tag: "Arrived", creations: [], newcomers: [] }

/** Peers, and entries, that are asked for at once. */
const CONCURRENCY = 16
/** Pages that one peer is heard to tell, at most, also empty ones: of each it looked through some thousands of entries. */
const MAX_PAGES = 1_024
/** Entries that too few tell of are looked at, so many each time at most: whoever makes them up can make up any number. */
const MAX_DOUBTFUL = 256

/** Takes over from some peers what this one is to keep. One that `isArriving` has them heed it first. */
export const takeOver = Effect.fnUntraced(function* (
  context: TakeOverContext,
  peers: ReadonlyArray<PeerId>,
  isArriving: boolean
): Effect.fn.Return<TakenOver> {
  const { answerMillis, clusterSize, directory, hasher, hearMillis, maxEntries, member, network, quorums } = context

  const ask = (peer: PeerId, question: RepoQuestion): Effect.Effect<RepoAnswer | undefined> =>
    answerWithin(answerMillis, peer, network.ask(repoProtocol, peer, question)).pipe(
      Effect.catchAll((_error: PeerError) => Effect.succeed(undefined))
    )

  /** What a peer has for this one; undefined where it does not tell all. */
  const toldBy = Effect.fnUntraced(function* (peer: PeerId) {
    // In this order: what it had approved by then, and has been decided meanwhile, is among its entries.
    const arrived = isArriving ? yield* ask(peer, { _tag: "Arrive" }) : NOTHING_ARRIVES
    if (arrived?._tag !== "Arrived") return undefined
    const { creations, newcomers } = arrived
    const entries: Array<EntrySummary> = []
    let after: CollectionId | undefined
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const told: RepoAnswer | undefined = yield* ask(peer, {
        _tag: "Entries",
        ...(after !== undefined && { after })
      })
      if (told?._tag !== "Entries" || entries.length + told.entries.length > maxEntries) return undefined
      entries.push(...told.entries)
      if (told.resume === undefined) return { creations, entries, newcomers }
      // Who goes back never comes to an end.
      if (after !== undefined && told.resume <= after) return undefined
      after = told.resume
    }
    return undefined
  })

  /** An entry as one of its givers proves it, entered; whether it is there now. */
  const enter = Effect.fnUntraced(function* (candidate: Candidate) {
    for (const peer of candidate.givers) {
      const told: RepoAnswer | undefined = yield* ask(peer, { _tag: "Entry", collection: candidate.collection })
      const entry = told?._tag === "Entry" ? told.found : null
      const creation = entry?.block === candidate.collection ? creationIn({ hasher }, entry) : undefined
      if (entry === null || creation?.creator !== candidate.creator) continue
      const closest = directory.nearest(candidate.collection, clusterSize).toSorted()
      if (!stands(candidate, creation.members, closest, quorums)) return false
      const entered = yield* Effect.orElseSucceed(member.enter(entry), () => "failed" as const)
      if (entered === "entered" || entered === "known") return true
    }
    return false
  })

  /** Whoever is slow stops nobody. */
  const briefly = <A>(effect: Effect.Effect<A>) => Effect.timeoutOption(effect, Duration.millis(hearMillis))

  const from = new Map<PeerId, Told>()
  const hear = (peer: PeerId) =>
    Effect.map(toldBy(peer), (told) => {
      if (told !== undefined) from.set(peer, told)
    })
  yield* briefly(Effect.forEach(peers, hear, { concurrency: CONCURRENCY, discard: true }))

  const isNew = ({ collection }: EntrySummary) =>
    Effect.orElseSucceed(
      Effect.map(member.entry(collection), (known) => known === undefined),
      () => true
    )
  const fresh = yield* Effect.filter(candidatesOf(from), isNew)
  const isShared = ({ givers }: Candidate) => givers.length > quorums.liars
  const shared = fresh.filter(isShared)
  const doubtful = fresh.filter((candidate) => !isShared(candidate)).slice(0, MAX_DOUBTFUL)
  const isEntered = yield* Effect.forEach(shared, enter, { concurrency: CONCURRENCY })
  yield* briefly(Effect.forEach(doubtful, enter, { concurrency: CONCURRENCY, discard: true }))
  const creations = yield* Effect.filter(creationsOf(from), isNew)
  return { creations, from, isWhole: isEntered.every((entered) => entered) }
})
