/** Several collections that do not keep still are read as of one instant, and the read does not lose to who writes them. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction } from "effect-optimystic"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import { LimitExceeded } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { memberProtocol } from "../../src/cluster/protocols.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodesOf, nodeWith, on } from "./MemoryCluster.ts"

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
/** It keeps nothing: all that it reads it asks others for. */
const READER = 9
const reader = signerOf(READER).peer

const peers = SEEDS.map((seed) => signerOf(seed).peer)
const roster = new Neighbourhood(hasher, peers)
const homeOf = (name: string) => roster.closest(collectionId(hasher, name), CLUSTER_SIZE).join()
const names = Array.from({ length: 50 }, (_, i) => `diary-${i}`)
const [here] = names
const apart = names.find((name) => homeOf(name) !== homeOf(here!))!
const beside = names.slice(1).find((name) => homeOf(name) === homeOf(here!))!

/** So many tails that are to be locked have changed when it is asked what came since they were read. */
const LIVELY = 4

const patient = { retry: Schedule.recurs(50).pipe(Schedule.addDelay(() => "5 millis")) }

const diaryOf = (name: string) => Diary.define(name, { entry: Schema.Int })
const lengthOf = (name: string) => Effect.flatMap(Diary.open(diaryOf(name)), ({ length }) => length)
const append = (name: string) =>
  Transaction.run(
    Effect.flatMap(Diary.openOrCreate(diaryOf(name)), (diary) => diary.append(0)),
    patient
  )

/** A hub on which something happens each time before a member is asked by the reader for the latest, or what came since. */
class RestlessHub extends MemoryHub {
  before: Effect.Effect<unknown> = Effect.void
  /** Happens a few times only: else no lock would ever be of what there is. */
  beforeSince: Effect.Effect<unknown> = Effect.void
  sinceLeft = 0
  pends = 0
  /** Whether members take no locks of the reader. */
  areLocksTooMany = false

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string) {
    const answer = super.deliver(from, to, protocol, question)
    if (from !== reader) return answer
    if (question.includes('"_tag":"Revisions"') && this.sinceLeft-- > 0)
      return Effect.zipRight(this.beforeSince, answer)
    if (protocol !== memberProtocol.name) return answer
    if (question.includes('"_tag":"Pend"')) {
      this.pends++
      if (this.areLocksTooMany) return new LimitExceeded({ actual: 2, limit: 1, what: "the locks of a transaction" })
    }
    return question.includes('"_tag":"Read"') ? Effect.zipRight(this.before, answer) : answer
  }
}

/** The reader, and two diaries that get an entry in turn whenever it looks: the first is never behind, nor by more than one ahead. */
const restless = (names: readonly [string, string], transactions: object = {}) =>
  Effect.gen(function* () {
    const hub = new RestlessHub()
    const nodes = yield* nodesOf(hub, SEEDS)
    for (const name of names) yield* on(nodes[0]!)(append(name))
    const own = yield* Layer.build(nodeWith(hub, READER, Roster.layer(peers), { transactions }))
    let count = 0
    const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)
    hub.before = oneAtATime(Effect.suspend(() => on(nodes[0]!)(append(names[count++ % 2]!)))).pipe(Effect.orDie)
    hub.beforeSince = oneAtATime(Effect.forEach(names, (name) => on(nodes[0]!)(append(name)))).pipe(Effect.orDie)
    const look = on(own)(Transaction.run(Effect.zip(lengthOf(names[0]), lengthOf(names[1])), patient))
    return { hub, look, written: () => count }
  })

describe("A transaction that only reads several collections", () => {
  it.scopedLive.each([
    ["of different clusters", apart],
    ["of one cluster", beside]
  ])("%s, which change whenever it looks, sees one instant of them, by shared locks", ([, other]) =>
    Effect.gen(function* () {
      const { hub, look, written } = yield* restless([here!, other!])
      for (let i = 0; i < 2; i++) {
        const before = written()
        hub.sinceLeft = LIVELY
        const [first, second] = yield* look
        expect([0, 1]).toContain(first - second)
        expect(first + second - 2).toBeGreaterThanOrEqual(before)
      }
      expect(hub.pends).toBeGreaterThan(0)
    })
  )

  it.scopedLive("never loses to writers: where it may ask for no lock it says that nothing kept still", () =>
    Effect.gen(function* () {
      const { look } = yield* restless([here!, apart], { maxSnapshotLocks: 0 })
      expect((yield* Effect.flip(look))._tag).toBe("BlockUnavailable")
    })
  )

  it.scopedLive("does not ask again for locks that are too many", () =>
    Effect.gen(function* () {
      const { hub, look } = yield* restless([here!, beside])
      hub.areLocksTooMany = true
      const error = yield* Effect.flip(look)
      expect(error._tag).toBe("BlockUnavailable")
      expect(error.message).toContain("the locks of a transaction")
      expect(hub.pends).toBeLessThanOrEqual(2 * CLUSTER_SIZE)
    })
  )

  it.scopedLive("takes no locks where they keep still for as long as it takes to see that", () =>
    Effect.gen(function* () {
      const { hub, look } = yield* restless([here!, apart])
      hub.before = Effect.void
      expect(yield* look).toEqual([1, 1])
      expect(hub.pends).toBe(0)
    })
  )

  it.scopedLive("leaves no lock behind that others would have to wait for", () =>
    Effect.gen(function* () {
      const { hub, look, written } = yield* restless([here!, apart])
      yield* look
      expect(hub.pends).toBeGreaterThan(0)
      const before = written()
      yield* hub.before
      expect(written()).toBe(before + 1)
    })
  )
})
