/**
 * What a node keeps is compared with what others keep of the same, a page at a time: who was away meets no lock of what it missed, and
 * nobody tells it. Mostly with its neighbours. Some of its clusters have none of these in them, so now and then with a peer further
 * off, for what it has never heard of; and with the other members of what it keeps, wherever those are by now. Protocol §4, *Restart*.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { KeptBlock } from "../../schemas/Repo.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { KeyNetworkService } from "../../services/KeyNetwork.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import * as Base32 from "../../src/encoding/Base32.ts"

/** A part of what a peer keeps of the blocks that are to be kept here, too, and where it goes on. */
export interface SharedPage {
  readonly blocks: ReadonlyArray<KeptBlock>
  readonly resume?: BlockId
}

/** Who keeps a part of what is kept here, and where it goes on. */
export interface MembersPage {
  readonly members: ReadonlyArray<PeerId>
  readonly resume?: BlockId
}

/** What comparing takes. */
export interface AntiEntropyContext {
  /** How long the answer of a peer is waited for, in milliseconds. */
  readonly answerMillis: number
  readonly clusterSize: number
  readonly compareMillis: number
  readonly hasher: HasherService
  readonly keys: KeyNetworkService
  readonly self: PeerId
  /** The next page of a peer; undefined where it does not answer. */
  readonly pageOf: (peer: PeerId, after: BlockId | undefined) => Effect.Effect<SharedPage | undefined>
  /** The members of the next page of the blocks kept here. */
  readonly membersOf: (after: BlockId | undefined) => Effect.Effect<MembersPage>
  /** The latest revision of a block here; 0: none. */
  readonly latestRev: (block: BlockId) => Effect.Effect<number>
  /** Fetches what is missing of a block, from whoever has it. */
  readonly catchUp: (block: BlockId) => Effect.Effect<void>
}

/** A page is given up after as long as so many answers may take: whoever tells of it may keep everything that it tells of back. */
const MAX_ANSWERS = 10

/** In clusters of this many peers around a node are its neighbours, those that it shares most with. */
const NEAR = 2
/** Among so many there is somebody of each of its clusters. */
const FAR = 8
/** It is one of these, and one of the members of what is kept here, one time out of so many each. */
const ELSEWHERE_OUT_OF = 4
/** So many peers are remembered with how far they are compared. */
const MAX_COMPARED = 256

/** The peers around this node's own key that may be compared with, closest first, and how many of them are neighbours. */
export const peersAround = ({
  clusterSize,
  hasher,
  keys,
  self
}: Pick<AntiEntropyContext, "clusterSize" | "hasher" | "keys" | "self">) => {
  const place = Base32.encode(hasher.sha256(self)) as BlockId
  const closest = (clusters: number) => keys.closest(place, clusters * clusterSize).filter((peer) => peer !== self)
  return { all: closest(FAR), near: closest(NEAR) }
}

const pick = <A>(of: ReadonlyArray<A>): Effect.Effect<A | undefined> =>
  Effect.map(Random.nextIntBetween(0, Math.max(of.length, 1)), (at) => of[at])

/** Compares for ever, each time with one other peer. */
export const run = (context: AntiEntropyContext): Effect.Effect<never> => {
  const { answerMillis, catchUp, compareMillis, latestRev, membersOf, pageOf, self } = context
  /** How far the blocks of each peer are compared. */
  const compared = new BoundedCache<PeerId, BlockId>(MAX_COMPARED, () => 1)
  /** How far the members of what is kept here were looked at. */
  let looked: BlockId | undefined

  const member = Effect.gen(function* () {
    const { members, resume } = yield* membersOf(looked)
    looked = resume
    return yield* pick(members.filter((peer) => peer !== self))
  })

  const partner = Effect.gen(function* () {
    const { all, near } = peersAround(context)
    // Where there are no others, nobody is missed.
    if (all.length <= near.length) return yield* pick(near)
    switch (yield* Random.nextIntBetween(0, ELSEWHERE_OUT_OF)) {
      case 0:
        return yield* pick(all)
      case 1:
        return yield* member
      default:
        return yield* pick(near)
    }
  })

  const compare = Effect.gen(function* () {
    const peer = yield* partner
    if (peer === undefined) return
    const page = yield* pageOf(peer, compared.get(peer))
    if (page === undefined) return
    if (page.resume === undefined) compared.delete(peer)
    else compared.set(peer, page.resume)
    for (const { id, rev } of page.blocks) if ((yield* latestRev(id)) < rev) yield* catchUp(id)
  })

  // Nodes that were started together are not to ask each other all at once.
  const pause = Effect.flatMap(Random.nextRange(0.5, 1.5), (share) =>
    Effect.sleep(Duration.millis(compareMillis * share))
  )
  const once = Effect.timeoutOption(compare, Duration.millis(MAX_ANSWERS * answerMillis)).pipe(
    Effect.catchAllDefect((defect) => Effect.logWarning("What a peer keeps was not compared", defect))
  )
  return Effect.forever(Effect.zipRight(pause, once))
}
