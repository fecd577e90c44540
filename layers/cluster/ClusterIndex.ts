/** Asks those who keep the cluster index who keeps a collection, and remembers what it may believe. Protocol §1, *cluster index*. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { BlockUnavailable } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { RepoQuestion } from "../../schemas/Repo.ts"
import type { CertifiedRevision } from "../../schemas/Revision.ts"
import { ClusterIndex, type ClusterIndexService } from "../../services/ClusterIndex.ts"
import type { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import { type Creation, createdBy, creationIn, creationProblem } from "../../src/cluster/evidence/Creation.ts"
import { type Asked, type Belief, believe, type Said } from "../../src/cluster/index/believe.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { quorumsOf } from "../../src/cluster/Quorum.ts"
import { PLACE_CHARACTERS } from "../../src/encoding/BlockIds.ts"
import { isCollectionId } from "../../src/storage/manifestRules.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"
import { answerWithin } from "./answerWithin.ts"
import { type ClusterConstants, clusterRules } from "./ClusterConstants.ts"
import { type DrivePolicy, defaultDrivePolicy } from "./DrivePolicy.ts"

/** How patiently the cluster index is asked. */
export interface LookupPolicy {
  /** How often it is asked again where some tell of a collection and too few do. */
  readonly maxDoubts: number
  /** The pause before that, in milliseconds; it doubles with each. */
  readonly doubtMillis: number
  /** How long the last of those who are closest are waited for where a quorum knows of nobody, in milliseconds. */
  readonly absenceMillis: number
}

/** What suits a laptop. */
export const defaultLookupPolicy: LookupPolicy = { absenceMillis: 50, doubtMillis: 20, maxDoubts: 5 }

/** A network, and how patiently its index is asked. */
export interface ClusterIndexOptions extends ClusterConstants {
  readonly policy?: Partial<LookupPolicy & Pick<DrivePolicy, "answerMillis">>
}

/** Homes that are remembered, at most: those of others are asked for again when their collections are opened. */
const MAX_HOMES = 16_384

/** All blocks of a home have one place, and that is the place of one collection. */
const placeOf = (block: BlockId): string => block.slice(0, PLACE_CHARACTERS)

type Requirements = Hasher | KeyNetwork | PeerNetwork | RepoWriter | Verifier

const make = Effect.fnUntraced(function* ({
  policy: given,
  ...constants
}: ClusterIndexOptions): Effect.fn.Return<ClusterIndexService, never, Requirements> {
  const keys = yield* KeyNetwork
  const network = yield* PeerNetwork
  const writer = yield* RepoWriter
  const rules = yield* clusterRules(constants)
  const { clusterSize, faultModel } = constants
  const { absenceMillis, answerMillis, doubtMillis, maxDoubts } = {
    ...defaultDrivePolicy,
    ...defaultLookupPolicy,
    ...given
  }
  const { liars, quorum } = quorumsOf(clusterSize, faultModel)
  if (keys.hasRoster) return onRoster((block) => keys.closest(block, clusterSize))

  const homes = new BoundedCache<string, Creation>(MAX_HOMES, () => 1)

  const remember = (collection: CollectionId, creation: Creation): Effect.Effect<Creation["members"]> =>
    Effect.suspend(() => {
      const before = homes.get(placeOf(collection))
      homes.set(placeOf(collection), creation)
      return Effect.as(
        before === undefined || before.creator === creation.creator
          ? Effect.void
          : alarm(collection, [before.creator, creation.creator]),
        creation.members
      )
    })

  const alarm = (collection: CollectionId, creators: ReadonlyArray<ActionId>) =>
    Effect.logError(`Collection ${collection} was created by ${creators.join(" and by ")}: more peers lie than may`)

  const unavailable = (block: BlockId, reason: string) => new BlockUnavailable({ block, reason })

  /** What this node has of an entry in its own part of the index. */
  const own = (collection: CollectionId) => Effect.orElseSucceed(writer.storage.entry(collection), () => undefined)

  const ask = (peer: PeerId, question: Extract<RepoQuestion, { _tag: "Entry" }>) =>
    answerWithin(answerMillis, peer, network.ask(repoProtocol, peer, question)).pipe(
      Effect.map((answer) => (answer._tag === "Entry" ? answer.found : undefined)),
      Effect.orElseSucceed(() => undefined)
    )

  /** What a peer says of a collection, once it is checked. */
  const heard = (collection: CollectionId, peer: PeerId, found: CertifiedRevision | null | undefined) => {
    if (found === undefined) return Effect.succeed<readonly [Said, Creation?]>(["nothing"])
    if (found === null) return Effect.succeed<readonly [Said, Creation?]>(["none"])
    const problem =
      found.block === collection ? creationProblem(rules, clusterSize, found) : "it is of another collection"
    const creation = problem === undefined ? creationIn(rules, found) : undefined
    return creation === undefined
      ? Effect.as(Effect.logWarning(`Peer ${peer} gave an entry of ${collection} falsely`, problem), [
          "nothing"
        ] as readonly [Said, Creation?])
      : Effect.succeed<readonly [Said, Creation?]>([creation.creator, creation])
  }

  /** Asks all at once, until what they say allows to believe something. */
  const inquire = Effect.fnUntraced(function* (collection: CollectionId, asked: Asked) {
    const said = new Map<PeerId, Said>()
    const creations = new Map<ActionId, Creation>()
    const decided = yield* Deferred.make<Belief>()
    let isPatient = true
    const consider = Effect.suspend(() => {
      const belief = believe(asked, said, isPatient)
      return belief === undefined ? Effect.void : Deferred.succeed(decided, belief)
    })
    const askOne = (peer: PeerId) =>
      Effect.gen(function* () {
        // What this node has itself was looked for before.
        const found = peer === network.self ? null : yield* ask(peer, { _tag: "Entry", collection })
        const [what, creation] = yield* heard(collection, peer, found)
        said.set(peer, what)
        if (creation !== undefined) creations.set(creation.creator, creation)
        yield* consider
      })
    const all = Effect.forEach(new Set([...asked.closest, ...asked.formerly]), askOne, {
      concurrency: "unbounded",
      discard: true
    })
    const hurry = Effect.suspend(() => {
      isPatient = false
      return consider
    }).pipe(Effect.delay(Duration.millis(absenceMillis)))
    const asking = Effect.all([all, hurry], { concurrency: "unbounded", discard: true })
    const belief = yield* Effect.raceFirst(
      Deferred.await(decided),
      // Also where whoever waits for it may not be interrupted.
      Effect.interruptible(Effect.zipRight(asking, Deferred.await(decided)))
    )
    return { belief, creations }
  })

  const lookUp = Effect.fnUntraced(function* (collection: CollectionId) {
    for (let doubts = 0; ; doubts++) {
      const stored = yield* own(collection)
      const kept = stored && creationIn(rules, stored)
      if (kept !== undefined) return yield* remember(collection, kept)
      const closest = yield* keys.lookup(collection, clusterSize)
      if (closest.length < clusterSize) return closest
      const formerly = keys.formerly(closest).filter((peer) => !closest.includes(peer))
      const { belief, creations } = yield* inquire(collection, { closest, formerly, liars, quorum })
      switch (belief._tag) {
        case "Created":
          return yield* remember(collection, creations.get(belief.creator)!)
        case "Absent":
          return closest
        case "Contradiction":
          yield* alarm(collection, belief.creators)
          return yield* unavailable(collection, "it is created over two clusters")
        case "Doubtful":
          if (doubts >= maxDoubts) {
            return yield* unavailable(
              collection,
              creations.size > 0 ? "too few tell who created it" : "too few who keep the cluster index answer"
            )
          }
          yield* Effect.sleep(Duration.millis(doubtMillis * 2 ** doubts))
      }
    }
  })

  const homeOf = (block: BlockId) => homes.get(placeOf(block))?.members

  /** Of a block that is no header, only who keeps it knows by itself. */
  const ofOwnBlock = (block: BlockId) =>
    Effect.flatMap(
      Effect.orElseSucceed(writer.state(block), () => undefined),
      (state) =>
        state === undefined
          ? unavailable(block, "who keeps it is not known here: its collection was not opened")
          : Effect.succeed(state.members)
    )

  return {
    created: (signed) =>
      Effect.forEach(
        createdBy(signed),
        (block) => {
          const creation = creationIn(rules, { block, signed })
          return creation === undefined ? Effect.void : remember(block as CollectionId, creation)
        },
        { discard: true }
      ),
    creatorOf: (collection) => (isCollectionId(collection) ? homes.get(placeOf(collection))?.creator : undefined),
    homeOf,
    locate: (block) =>
      Effect.suspend(() => {
        const known = homeOf(block)
        if (known !== undefined) return Effect.succeed(known)
        return isCollectionId(block) ? lookUp(block) : ofOwnBlock(block)
      })
  }
})

/** The members that a roster gives. */
const onRoster = (closest: (block: BlockId) => ReadonlyArray<PeerId>): ClusterIndexService => ({
  created: () => Effect.void,
  creatorOf: () => undefined,
  homeOf: closest,
  locate: (block) => Effect.sync(() => closest(block))
})

/** Who keeps collections, as the network's cluster index has it. */
export const layer = (options: ClusterIndexOptions): Layer.Layer<ClusterIndex, never, Requirements> =>
  Layer.effect(ClusterIndex, make(options))
