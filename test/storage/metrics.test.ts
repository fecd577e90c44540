import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as RepoWriter from "../../layers/repo/RepoWriter.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { Restorer } from "../../services/Restorer.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import { fromNow } from "../monitor/exposition.ts"
import * as FaultyStorage from "./FaultyStorage.ts"

const MAILBOX = 2

const writerOn = <A, E, R>(store: Layer.Layer<A | RawStorage, E, R>) =>
  RepoWriter.layer({ mailbox: MAILBOX }).pipe(
    Layer.provideMerge(store),
    Layer.provide(NodeCrypto.layerHasher),
    Layer.provide(Layer.succeed(Restorer, noRestorer))
  )

/** A store that writes nothing until it may. */
const held = (may: Deferred.Deferred<void>) =>
  Layer.effect(
    RawStorage,
    Effect.map(RawStorage, (raw) => ({
      ...raw,
      write: (batch) => Effect.zipRight(Deferred.await(may), raw.write(batch))
    }))
  ).pipe(Layer.provide(MemoryStorage.layer))

const NOTHING = { answer: undefined, changes: {}, writes: [] }
const SOMETHING = {
  ...NOTHING,
  writes: [{ key: ["transaction", "a", "manifest", 0], type: "put", value: "{}" } as const]
}

describe("The writer of a store counts", () => {
  it.effect("who waits for it, also for room in its mailbox; who is refused; and how many it answers at once", () =>
    Effect.gen(function* () {
      const may = yield* Deferred.make<void>()
      yield* Effect.gen(function* () {
        const { ask, askNow } = yield* RepoWriter.RepoWriter
        const grown = fromNow()
        const waiting = () => grown("optimystic_store_requests_waiting")
        const writes = yield* Effect.fork(
          ask(
            () => [],
            () => SOMETHING
          )
        )
        yield* Effect.yieldNow()
        yield* Effect.yieldNow()
        const others = yield* Effect.forEach([1, 2, 3, 4], () =>
          Effect.fork(
            ask(
              () => [],
              () => NOTHING
            )
          )
        )
        yield* Effect.yieldNow()
        expect(waiting()).toBe(4)
        expect(
          (yield* Effect.flip(
            askNow(
              () => [],
              () => NOTHING
            )
          ))._tag
        ).toBe("Busy")
        expect(grown("optimystic_store_refusals_total")).toBe(1)
        // The last two have no room yet: one of them gives up.
        yield* Fiber.interrupt(others[3]!)
        expect(waiting()).toBe(3)
        yield* Deferred.succeed(may, undefined)
        yield* Fiber.joinAll([writes, ...others.slice(0, 3)])
        expect(waiting()).toBe(0)
        expect(grown('optimystic_store_batch_requests_bucket{le="1"}')).toBe(2)
        expect(grown("optimystic_store_batch_requests_sum")).toBe(4)
        expect(grown("optimystic_store_write_seconds_count")).toBe(1)
      }).pipe(Effect.provide(writerOn(held(may))))
    })
  )

  it.effect("writes that the store does not take", () =>
    Effect.gen(function* () {
      const { ask } = yield* RepoWriter.RepoWriter
      const faults = yield* FaultyStorage.StorageFaults
      const grown = fromNow()
      faults.failWrites = true
      expect(
        (yield* Effect.flip(
          ask(
            () => [],
            () => SOMETHING
          )
        ))._tag
      ).toBe("StorageUnavailable")
      faults.failWrites = false
      yield* ask(
        () => [],
        () => SOMETHING
      )
      expect(grown("optimystic_store_write_failures_total")).toBe(1)
    }).pipe(Effect.provide(writerOn(FaultyStorage.layer.pipe(Layer.provide(MemoryStorage.layer)))))
  )
})
