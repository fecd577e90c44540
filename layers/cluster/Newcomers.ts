import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Busy, type StorageError } from "../../schemas/Errors.ts"
import { type BlockId, PeerId } from "../../schemas/Ids.ts"
import { MAX_ARRIVALS_TOLD, type RepoAnswer } from "../../schemas/Repo.ts"
import { Hasher } from "../../services/Hasher.ts"
import { RawStorage, type StorageKey } from "../../services/RawStorage.ts"
import { Signer } from "../../services/Signer.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { Arrivals, isCloser } from "../../src/cluster/index/Arrivals.ts"
import { approvedCreations } from "../../src/cluster/member/approvedCreations.ts"
import { pointOfPeer } from "../../src/network/Point.ts"
import { RepoWriter } from "../repo/RepoWriter.ts"

/** How long newcomers are heeded. */
export interface NewcomersPolicy {
  /** How long a peer that was about to be active is heeded, in milliseconds: word that it is active takes less time to come round. */
  readonly arrivalMillis: number
}

/** How long newcomers are heeded, and from when on this node knows what it is to keep. */
export interface NewcomersOptions extends NewcomersPolicy {
  /** Whether it has caught up with its part of the cluster index from the start. */
  readonly hasCaughtUp: boolean
}

/** What suits a laptop. */
export const defaultNewcomersPolicy: NewcomersPolicy = { arrivalMillis: 60_000 }

/** A newcomer is told so. */
type Arrived = Extract<RepoAnswer, { _tag: "Arrived" }>

/** The peers that are about to be active, as far as this node was told. Decision 32. */
export interface NewcomersService {
  /** Why nothing is created now, though its members are the closest that are active. From memory. */
  readonly objection: (block: BlockId, members: ReadonlyArray<PeerId>) => string | undefined
  /** This node has compared its part of the cluster index with others since it started: it approves creations from now on. */
  readonly caughtUp: Effect.Effect<void>
  /**
   * Heeds a peer from now on, also after a restart. Tells what of it concerns this node has approved before, and who else arrives.
   * `Busy` where there is too much of either.
   */
  readonly welcome: (newcomer: PeerId) => Effect.Effect<Arrived, ReadError | Busy>
}

/** The port for what a node knows of peers that are about to be active. */
export class Newcomers extends Context.Tag("optimystic/Newcomers")<Newcomers, NewcomersService>() {}

/** With the node's own marks: it is no part of any block. */
const KEY: StorageKey = ["store", "", "newcomers", ""]

const Stored = Schema.parseJson(Schema.Array(Schema.Tuple(PeerId, Schema.Number)))
const decode = Schema.decodeUnknownOption(Stored)

const busy = new Busy({ what: "welcoming newcomers" })

const make = Effect.fnUntraced(function* ({
  arrivalMillis,
  ...options
}: NewcomersOptions): Effect.fn.Return<NewcomersService, StorageError, Hasher | RawStorage | RepoWriter | Signer> {
  const hasher = yield* Hasher
  const writer = yield* RepoWriter
  const { peer: self } = yield* Signer
  const clock = yield* Effect.clock
  const arrivals = new Arrivals(hasher, arrivalMillis, MAX_ARRIVALS_TOLD)
  const stored = Option.getOrElse(decode(yield* (yield* RawStorage).get(KEY)), () => [])
  for (const [peer, arrivedMillis] of stored) arrivals.note(peer, arrivedMillis)

  let { hasCaughtUp } = options
  /** Whether what is noted is not written yet. */
  let isOwed = false
  const welcome = (newcomer: PeerId) =>
    // What was approved before is in the view; whatever is approved after it has heeded the newcomer.
    writer.askNow<Arrived | undefined>(
      () => [],
      (view) => {
        const nowMillis = clock.unsafeCurrentTimeMillis()
        const noted = arrivals.note(newcomer, nowMillis)
        const heeded = arrivals.heeded(nowMillis)
        const point = pointOfPeer(hasher, newcomer)
        const pointsOf = (members: ReadonlyArray<PeerId>) => members.map((member) => pointOfPeer(hasher, member))
        const creations = approvedCreations(view, self)
          .filter(({ collection, members }) => isCloser(point, collection, pointsOf(members)))
          .map(({ collection, creator }) => ({ collection, creator }))
        isOwed ||= noted === "noted"
        const isTooMuch = noted === "full" || creations.length > MAX_ARRIVALS_TOLD
        const newcomers = heeded.flatMap(([peer]) => (peer === newcomer || peer === self ? [] : [peer]))
        return {
          answer: isTooMuch ? undefined : { _tag: "Arrived", creations, newcomers },
          changes: {},
          // Also where whoever asked does not wait any more.
          settled: Effect.sync(() => {
            isOwed = false
          }),
          writes: isOwed ? [{ key: KEY, type: "put", value: JSON.stringify(heeded) }] : []
        }
      }
    )

  return {
    caughtUp: Effect.sync(() => {
      hasCaughtUp = true
    }),
    objection: (block, members) => {
      if (!hasCaughtUp) return "it has not compared its part of the cluster index since it started"
      const newcomer = arrivals.closer(block, members, clock.unsafeCurrentTimeMillis())
      return newcomer && `${newcomer} is about to be one of those that keep ${block}`
    },
    welcome: (newcomer) =>
      Effect.flatMap(welcome(newcomer), (arrived) =>
        arrived === undefined ? Effect.fail(busy) : Effect.succeed(arrived)
      )
  }
})

/** Heeds newcomers on behalf of the cluster member of this node. */
export const layer = (
  options: Partial<NewcomersOptions> = {}
): Layer.Layer<Newcomers, StorageError, Hasher | RawStorage | RepoWriter | Signer> =>
  Layer.effect(Newcomers, make({ ...defaultNewcomersPolicy, hasCaughtUp: true, ...options }))
