import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Turns from "../../layers/storage/files/Turns.ts"

/** Somebody who is in until told to leave. */
const guest = (log: Array<string>, name: string) =>
  Effect.map(Deferred.make<void>(), (leave) => ({
    leave: Deferred.succeed(leave, undefined),
    stay: Effect.sync(() => log.push(name)).pipe(Effect.zipRight(Deferred.await(leave)))
  }))

/** Lets everybody go as far as they can. */
const settle = Effect.repeatN(Effect.yieldNow(), 50)

describe("Turns", () => {
  it.effect("lets readers in together, a writer alone, and nobody past a writer who waits", () =>
    Effect.gen(function* () {
      const turns = Turns.make()
      const log: Array<string> = []
      const [a, b, writer, late] = yield* Effect.all(["a", "b", "writer", "late"].map((name) => guest(log, name)))
      for (const { stay } of [a!, b!]) yield* Effect.fork(turns.shared(stay))
      yield* settle
      yield* Effect.fork(turns.alone(writer!.stay))
      yield* settle
      yield* Effect.fork(turns.shared(late!.stay))
      yield* settle
      expect(log).toEqual(["a", "b"])
      yield* a!.leave
      yield* settle
      expect(log).toEqual(["a", "b"])
      yield* b!.leave
      yield* settle
      expect(log).toEqual(["a", "b", "writer"])
      yield* writer!.leave
      yield* settle
      expect(log).toEqual(["a", "b", "writer", "late"])
    })
  )

  it.effect("goes on after one that failed, or was interrupted", () =>
    Effect.gen(function* () {
      const turns = Turns.make()
      yield* Effect.exit(turns.alone(Effect.fail("failed")))
      const fiber = yield* Effect.fork(turns.alone(Effect.never))
      yield* settle
      yield* Fiber.interrupt(fiber)
      expect(yield* turns.shared(Effect.succeed(1))).toBe(1)
      expect(yield* turns.alone(Effect.succeed(2))).toBe(2)
    })
  )
})
