import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Newcomers from "../../../layers/cluster/Newcomers.ts"
import * as NodeCrypto from "../../../layers/crypto/NodeCrypto.ts"
import * as RepoWriter from "../../../layers/repo/RepoWriter.ts"
import * as MemoryStorage from "../../../layers/storage/MemoryStorage.ts"
import { StorageUnavailable } from "../../../schemas/Errors.ts"
import { RawStorage } from "../../../services/RawStorage.ts"
import { Restorer } from "../../../services/Restorer.ts"
import { Arrivals } from "../../../src/cluster/index/Arrivals.ts"
import { collectionId } from "../../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../../src/network/Neighbourhood.ts"
import { noRestorer } from "../../../src/storage/BlockStorage.ts"
import { hasher, identityOf, signerOf } from "../../storage/TestServices.ts"

const NAME = collectionId(hasher, "name")
/** From the closest to a name to the farthest from it. */
const [closest, second, third, fourth, fifth, sixth] = new Neighbourhood(
  hasher,
  Array.from({ length: 6 }, (_, i) => signerOf(i + 1).peer)
).nearest(NAME, 6)

const HEEDED_MILLIS = 1_000

const full = new StorageUnavailable({ operation: "write", reason: "the disk is full" })

describe("Newcomers", () => {
  const noted = (limit = 8) => new Arrivals(hasher, HEEDED_MILLIS, limit)

  it("concern the blocks to which they are closer than one of the members, unless they are one", () => {
    const newcomers = noted()
    const members = [closest!, second!, fourth!, fifth!]
    expect(newcomers.closer(NAME, members, 0)).toBeUndefined()
    newcomers.note(sixth!, 0)
    newcomers.note(second!, 0)
    expect(newcomers.closer(NAME, members, 0)).toBeUndefined()
    newcomers.note(third!, 0)
    expect(newcomers.closer(NAME, members, 0)).toBe(third)
  })

  it("are heeded for a while after they last arrived, whatever the clock does", () => {
    const newcomers = noted()
    expect(newcomers.note(third!, 500)).toBe("noted")
    expect(newcomers.note(third!, 700)).toBe("known")
    const isHeeded = (nowMillis: number) => newcomers.closer(NAME, [fifth!], nowMillis) === third
    expect([500, 1_499, 1_500, -499, -500].map(isHeeded)).toEqual([true, true, false, true, false])
    expect(newcomers.note(third!, 800)).toBe("noted")
    expect(isHeeded(1_500)).toBe(true)
  })

  it("are so many at most, until the time of one is over", () => {
    const newcomers = noted(2)
    expect([closest!, second!, third!].map((peer) => newcomers.note(peer, 0))).toEqual(["noted", "noted", "full"])
    expect(newcomers.note(second!, 900)).toBe("noted")
    expect(newcomers.note(third!, HEEDED_MILLIS)).toBe("noted")
    expect(newcomers.heeded(HEEDED_MILLIS)).toEqual([
      [second, 900],
      [third, HEEDED_MILLIS]
    ])
  })
})

describe("A node that heeds newcomers", () => {
  const nodeWith = (options: Partial<Newcomers.NewcomersOptions>) =>
    Newcomers.layer(options).pipe(
      Layer.provide(RepoWriter.layer()),
      Layer.provide(NodeCrypto.layer(identityOf(7))),
      Layer.provide(Layer.succeed(Restorer, noRestorer))
    )
  const node = nodeWith({ arrivalMillis: HEEDED_MILLIS })
  const onNode = <A, E>(effect: Effect.Effect<A, E, Newcomers.Newcomers>) => Effect.provide(effect, Layer.fresh(node))
  const concerned = onNode(Effect.map(Newcomers.Newcomers, ({ objection }) => objection(NAME, [fifth!])))

  it.effect("still does after a restart, as long as it would have without", () =>
    Effect.gen(function* () {
      const told = yield* onNode(
        Effect.flatMap(Newcomers.Newcomers, ({ welcome }) => Effect.zipRight(welcome(third!), welcome(sixth!)))
      )
      expect(told).toEqual({ _tag: "Arrived", creations: [], newcomers: [third] })
      yield* TestClock.adjust(HEEDED_MILLIS - 1)
      expect(yield* concerned).toContain(third)
      yield* TestClock.adjust(1)
      expect(yield* concerned).toBeUndefined()
    }).pipe(Effect.provide(MemoryStorage.layer))
  )

  it.effect("objects to any creation until it has caught up, where it does not begin so", () =>
    Effect.gen(function* () {
      const { caughtUp, objection } = yield* Newcomers.Newcomers
      expect(objection(NAME, [fifth!])).toContain("since it started")
      yield* caughtUp
      expect(objection(NAME, [fifth!])).toBeUndefined()
    }).pipe(Effect.provide(nodeWith({ hasCaughtUp: false })), Effect.provide(MemoryStorage.layer))
  )

  it.effect("writes what it could not the next time", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      let isFull = true
      const failing = { ...raw, write: (batch: Parameters<typeof raw.write>[0]) => (isFull ? full : raw.write(batch)) }
      yield* Effect.gen(function* () {
        const { welcome } = yield* Newcomers.Newcomers
        expect((yield* Effect.flip(welcome(third!)))._tag).toBe("StorageUnavailable")
        isFull = false
        yield* welcome(third!)
      }).pipe(onNode, Effect.provideService(RawStorage, failing))
      expect(yield* concerned).toContain(third)
    }).pipe(Effect.provide(MemoryStorage.layer))
  )

  it.effect("writes what it could not, also where whoever arrived did not wait for that", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      const writing = yield* Deferred.make<void>()
      const failed = yield* Deferred.make<never, StorageUnavailable>()
      let isFull = true
      const failing = {
        ...raw,
        write: (batch: Parameters<typeof raw.write>[0]) =>
          isFull ? Effect.zipRight(Deferred.succeed(writing, undefined), Deferred.await(failed)) : raw.write(batch)
      }
      yield* Effect.gen(function* () {
        const { welcome } = yield* Newcomers.Newcomers
        const impatient = yield* Effect.fork(welcome(third!))
        yield* Deferred.await(writing)
        yield* Fiber.interrupt(impatient)
        isFull = false
        yield* Deferred.fail(failed, full)
        yield* welcome(third!)
      }).pipe(onNode, Effect.provideService(RawStorage, failing))
      expect(yield* concerned).toContain(third)
    }).pipe(Effect.provide(MemoryStorage.layer))
  )
})
