/**
 * Takes over this node's part of the cluster index, says that the node is active once it has that, and goes on keeping it as peers come
 * and go. Protocol §1, *Active peers and the cluster index*.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { MAX_TAKEN_OVER } from "../../schemas/Directory.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { Directory } from "../../services/Directory.ts"
import { Hasher } from "../../services/Hasher.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { clustersAround } from "../../src/cluster/index/clustersAround.ts"
import { awaited, isCovered, mayBeActive } from "../../src/cluster/index/takeOver.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { pointOfRecord } from "../../src/directory/PeerRecords.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import type { Placed } from "../../src/network/KeySpace.ts"
import { compareDistance, pointOfPeer } from "../../src/network/Point.ts"
import * as ActiveMark from "./ActiveMark.ts"
import type { ClusterConstants } from "./ClusterConstants.ts"
import { type DrivePolicy, defaultDrivePolicy } from "./DrivePolicy.ts"
import { defaultNewcomersPolicy, Newcomers, type NewcomersPolicy } from "./Newcomers.ts"
import { takeOver } from "./TakeOver.ts"

/** When a node takes over what. Durations in milliseconds. */
export interface ActivationPolicy extends NewcomersPolicy {
  /** How often a node looks whether there is something to take over. */
  readonly lookMillis: number
  /** How long one of several founders looks for active peers before it takes itself for one of the first. */
  readonly alonenessMillis: number
  /** How often a node compares its part of the index with others where nobody came or went. */
  readonly refreshMillis: number
  /** How long its record names those it took over from: longer than word of it takes to all who look up names. */
  readonly takeOverMillis: number
  /** Entries that one peer is heard to tell of, at most: whoever tells of more is not heard. */
  readonly maxEntries: number
  /** How long a newcomer waits for creations, and other newcomers, that no more peers tell of than may lie. */
  readonly doubtMillis: number
}

/** What suits a laptop. */
export const defaultActivationPolicy: ActivationPolicy = {
  ...defaultNewcomersPolicy,
  alonenessMillis: 3_000,
  doubtMillis: 5_000,
  lookMillis: 250,
  maxEntries: 262_144,
  refreshMillis: 60_000,
  takeOverMillis: 600_000
}

/** A network, the peers that it begins with, and when a node takes over what. */
export interface ActivationOptions extends Pick<ClusterConstants, "clusterSize" | "faultModel"> {
  /**
   * The first peers, the same on all of them: at least as many as a cluster has. They may be active before anybody else is. None: this
   * peer joins others.
   */
  readonly founders: ReadonlyArray<PeerId>
  readonly policy?: Partial<ActivationPolicy & Pick<DrivePolicy, "answerMillis">>
}

/** A network cannot begin with fewer peers than one cluster has. */
export class TooFewFounders extends Data.TaggedError("TooFewFounders")<{
  readonly founders: number
  readonly need: number
}> {
  override get message(): string {
    return `A network begins with at least ${this.need} founders, as many as a cluster has members: it has ${this.founders}`
  }
}

/** The active peers around this node, as its directory has them, and those that are about to be active. */
interface Surroundings {
  /** Those of the active peers alone, and those that these and all who arrive will be in. */
  readonly clusters: ReadonlyArray<ReadonlyArray<PeerId>>
  /** How many are active. */
  readonly others: number
  /** Those in any of the clusters, closest to this node first. */
  readonly peers: ReadonlyArray<PeerId>
}

/** Taking over takes less than this share of the time for which a newcomer is heeded. */
const PULLED_SHARE = 0.25
/** Hearing all, entering what stands, and looking at the rest: whoever is slow takes no more than its part of that. */
const PULLED_PARTS = 3

type Requirements = ClusterMember | Newcomers | Directory | Hasher | PeerNetwork | RawStorage

const make = Effect.fnUntraced(function* ({
  clusterSize,
  faultModel,
  founders: named,
  policy: given
}: ActivationOptions): Effect.fn.Return<void, TooFewFounders, Requirements | Scope.Scope> {
  const founders = new Set(named)
  if (founders.size > 0 && founders.size < clusterSize) {
    return yield* new TooFewFounders({ founders: founders.size, need: clusterSize })
  }
  const directory = yield* Directory
  const hasher = yield* Hasher
  const network = yield* PeerNetwork
  const raw = yield* RawStorage
  const { caughtUp } = yield* Newcomers
  const { self } = network
  const policy = { ...defaultDrivePolicy, ...defaultActivationPolicy, ...given }
  const quorums = quorumsOf(clusterSize, faultModel)
  const context = { ...policy, clusterSize, directory, hasher, member: yield* ClusterMember, network, quorums }
  const isFounder = founders.has(self)
  const own: Placed = { peer: self, point: pointOfPeer(hasher, self) }
  const ownPlace = Base32.encode(hasher.sha256(self)) as string as BlockId

  /** Others that are about to be active, too, while this node is. */
  let newcomers: ReadonlySet<PeerId> = new Set()

  /** The first arrive together, with nobody there to tell them of each other. Undefined where too many crowd around this node to tell clusters apart. */
  const look = (): Surroundings | undefined => {
    const others: Array<Placed> = []
    const arriving: Array<Placed> = []
    for (const { record } of directory.known()) {
      const { active, peer } = record
      if (peer === self) continue
      if (active) others.push({ peer, point: pointOfRecord(hasher, record) })
      else if (newcomers.has(peer) || (isFounder && founders.has(peer)))
        arriving.push({ peer, point: pointOfRecord(hasher, record) })
    }
    const now = clustersAround(own, others, clusterSize)
    const soon = arriving.length === 0 ? [] : clustersAround(own, [...others, ...arriving], clusterSize)
    if (now === undefined || soon === undefined) return undefined
    const clusters = [...now, ...soon]
    const around = new Map(clusters.flat().map((placed) => [placed.peer, placed]))
    return {
      clusters: clusters.map((cluster) => cluster.map(({ peer }) => peer)),
      others: others.length,
      peers: [...around.values()]
        .toSorted((a, b) => compareDistance(own.point, a.point, b.point))
        .map(({ peer }) => peer)
    }
  }

  const startedMillis = yield* Clock.currentTimeMillis
  /** Whether this node sees enough of the network to say who is around it. */
  const sees = ({ others }: Surroundings, nowMillis: number): boolean =>
    others > 0
      ? directory.isCertain(ownPlace, Math.min(others, clusterSize))
      : founders.size === 1 || nowMillis - startedMillis >= policy.alonenessMillis

  /** Whether active peers came or went since their part was taken over. */
  let isPast = true
  let pulledMillis = 0
  let activeMillis: number | undefined
  /** Since when it is about to be active. */
  let arrivingMillis: number | undefined
  yield* Effect.forkScoped(
    Stream.runForEach(directory.changes, ({ after, before, peer }) =>
      Effect.sync(() => {
        if (peer !== self && (before?.active ?? false) !== (after?.active ?? false)) isPast = true
      })
    )
  )

  /** Takes over; whether enough of all that there is around this node. One that `isArriving` is heeded, and waits for what is under way. */
  const hear = Effect.fnUntraced(function* (peers: ReadonlyArray<PeerId>, isArriving: boolean) {
    const begunMillis = yield* Clock.currentTimeMillis
    const heededMillis = policy.arrivalMillis * PULLED_SHARE
    const hearMillis = isArriving ? heededMillis / PULLED_PARTS : policy.refreshMillis
    const { creations, from, isWhole } = yield* takeOver({ ...context, hearMillis }, peers, isArriving)
    const endedMillis = yield* Clock.currentTimeMillis
    let isSettled = isWhole
    if (isArriving) {
      arrivingMillis ??= begunMillis
      const isPatient = Math.abs(endedMillis - arrivingMillis) < policy.doubtMillis
      const waitsFor = awaited(from, creations, quorums, isPatient)
      newcomers = waitsFor.newcomers
      // Whose record has not come round yet cannot be asked yet.
      const isUnsure = [...newcomers].some((peer) => directory.find(peer) === undefined)
      // Those who heed it do so for a while only: word that it is active must have come round by then.
      const isLate = Math.abs(endedMillis - begunMillis) > heededMillis
      isSettled &&= !waitsFor.isCreating && !isUnsure && !isLate
    }
    // Who came while it was taken over counts, too.
    const around = look()
    const isEnough = around !== undefined && isCovered(around.clusters, from, clusterSize, quorums)
    return isSettled && isEnough ? { around, from } : undefined
  })

  const pull = Effect.fnUntraced(function* (nowMillis: number) {
    const before = look()
    if (before === undefined || !sees(before, nowMillis)) return
    isPast = false
    const isActive = directory.own()?.active === true
    const mayBe = ({ others }: Surroundings) =>
      isActive || mayBeActive({ activeOthers: others, isFounder }, clusterSize)
    const quiet = yield* hear(before.peers, false)
    // It is heeded only once it could be active: as long as it is, nothing is created that it would be a member of.
    const isArriving = !isActive && quiet !== undefined && mayBe(quiet.around)
    const heard = isArriving ? yield* hear(quiet.around.peers, true) : quiet
    if (heard === undefined) {
      isPast = true
      return
    }
    const { around, from } = heard
    pulledMillis = nowMillis
    yield* caughtUp
    if (!mayBe(around)) return
    yield* ActiveMark.write(raw)
    if (isActive) return
    activeMillis = nowMillis
    const takesOverFrom = around.peers.filter((peer) => from.has(peer)).slice(0, MAX_TAKEN_OVER)
    yield* directory.announce({ active: true, takesOverFrom })
  })

  const once = Effect.gen(function* () {
    const record = directory.own()
    if (record === undefined) return
    const now = yield* Clock.currentTimeMillis
    if (!record.active || isPast || now - pulledMillis >= policy.refreshMillis) yield* pull(now)
    if (activeMillis !== undefined && now - activeMillis >= policy.takeOverMillis) {
      activeMillis = undefined
      yield* directory.announce({ takesOverFrom: [] })
    }
  }).pipe(
    Effect.sandbox,
    Effect.catchAll((cause) => Effect.logWarning("The cluster index was not taken over", cause))
  )
  // Nodes that were started together are not to ask each other all at once.
  const pause = Effect.flatMap(Random.nextRange(0.5, 1.5), (share) =>
    Effect.sleep(Duration.millis(policy.lookMillis * share))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.zipRight(once, pause)))
})

/** Makes a node active once it has its part of the cluster index, and keeps that up to date. */
export const layer = (options: ActivationOptions): Layer.Layer<never, TooFewFounders, Requirements> =>
  Layer.scopedDiscard(make(options))
