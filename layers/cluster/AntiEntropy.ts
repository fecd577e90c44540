/**
 * What a node keeps is compared with what its neighbours keep of the same, a page at a time: who was away meets no lock of what it
 * missed, and nobody tells it. Protocol §4, *Restart*.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import type { KeptBlock } from "../../schemas/Repo.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { KeyNetworkService } from "../../services/KeyNetwork.ts"
import * as Base32 from "../../src/encoding/Base32.ts"

/** A part of what a peer keeps of the blocks that are to be kept here, too, and where it goes on. */
export interface SharedPage {
  readonly blocks: ReadonlyArray<KeptBlock>
  readonly resume?: BlockId
}

/** What comparing takes. */
export interface AntiEntropyContext {
  /** How long the answer of a peer is waited for, in milliseconds. */
  readonly answerMillis: number
  readonly clusterSize: number
  /** Others that keep the same as this node, as far as it remembers. */
  readonly companions: () => Iterable<PeerId>
  readonly compareMillis: number
  readonly hasher: HasherService
  readonly keys: KeyNetworkService
  readonly self: PeerId
  /** The next page of a peer; undefined where it does not answer. */
  readonly pageOf: (peer: PeerId, after: BlockId | undefined) => Effect.Effect<SharedPage | undefined>
  /** The latest revision of a block here; 0: none. */
  readonly latestRev: (block: BlockId) => Effect.Effect<number>
  /** Fetches what is missing of a block, from whoever has it. */
  readonly catchUp: (block: BlockId) => Effect.Effect<void>
}

/** A page is given up after as long as so many answers may take: whoever tells of it may keep everything that it tells of back. */
const MAX_ANSWERS = 10

/** The peers around this node's own key, those that it shares most clusters with, and others with whom it shares some. */
export const neighboursOf = ({
  clusterSize,
  companions,
  hasher,
  keys,
  self
}: AntiEntropyContext): ReadonlyArray<PeerId> => {
  const place = Base32.encode(hasher.sha256(self)) as BlockId
  const all = new Set([...keys.closest(place, 2 * clusterSize), ...companions()])
  return [...all].filter((peer) => peer !== self)
}

/** Compares for ever, each time with one of the neighbours. */
export const run = (context: AntiEntropyContext): Effect.Effect<never> => {
  const { answerMillis, catchUp, compareMillis, latestRev, pageOf } = context
  /** How far the blocks of each neighbour are compared. */
  let compared: ReadonlyMap<PeerId, BlockId | undefined> = new Map()

  const compare = Effect.gen(function* () {
    const neighbours = neighboursOf(context)
    compared = new Map(neighbours.map((peer) => [peer, compared.get(peer)]))
    if (neighbours.length === 0) return
    const peer = neighbours[yield* Random.nextIntBetween(0, neighbours.length)]!
    const page = yield* pageOf(peer, compared.get(peer))
    if (page === undefined) return
    compared = new Map(compared).set(peer, page.resume)
    for (const { id, rev } of page.blocks) if ((yield* latestRev(id)) < rev) yield* catchUp(id)
  })

  // Nodes that were started together are not to ask each other all at once.
  const pause = Effect.flatMap(Random.nextRange(0.5, 1.5), (share) =>
    Effect.sleep(Duration.millis(compareMillis * share))
  )
  const once = Effect.timeoutOption(compare, Duration.millis(MAX_ANSWERS * answerMillis)).pipe(
    Effect.catchAllDefect((defect) => Effect.logWarning("What a neighbour keeps was not compared", defect))
  )
  return Effect.forever(Effect.zipRight(pause, once))
}
