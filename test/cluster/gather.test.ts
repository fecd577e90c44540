import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { gather } from "../../layers/cluster/gather.ts"
import type { PeerId } from "../../schemas/Ids.ts"

const PEERS = ["a", "b", "c", "d"] as ReadonlyArray<string> as ReadonlyArray<PeerId>
const HEDGE_MILLIS = 50
const ANSWER_MILLIS = 200

/** Asks peers that answer as told, and keeps whom it asked. */
const gathering = (answers: (peer: string) => Effect.Effect<number, string>, need: number) => {
  const asked: Array<string> = []
  const gathered = gather({
    answerMillis: ANSWER_MILLIS,
    ask: (peer) =>
      Effect.zipRight(
        Effect.sync(() => asked.push(peer)),
        answers(peer)
      ),
    counts: (answer) => answer > 0,
    hedgeMillis: HEDGE_MILLIS,
    need,
    peers: PEERS
  })
  return Effect.map(gathered, (found) => ({ asked, found: [...found.keys()] as ReadonlyArray<string> }))
}

describe("Answers are gathered", () => {
  it.effect("from as many peers as are needed, and no more", () =>
    Effect.gen(function* () {
      expect(yield* gathering(() => Effect.succeed(1), 3)).toEqual({ asked: ["a", "b", "c"], found: ["a", "b", "c"] })
    })
  )

  it.effect("from another for each that fails, or whose answer does not count", () =>
    Effect.gen(function* () {
      const answers = (peer: string) => (peer === "a" ? Effect.fail("gone") : Effect.succeed(peer === "b" ? 0 : 1))
      expect(yield* gathering(answers, 2)).toEqual({ asked: ["a", "b", "c", "d"], found: ["c", "d"] })
    })
  )

  it.effect("from all once those asked have been waited for", () =>
    Effect.gen(function* () {
      const answers = (peer: string) => (peer === "a" ? Effect.never : Effect.succeed(1))
      const fiber = yield* Effect.fork(gathering(answers, 3))
      yield* TestClock.adjust(`${HEDGE_MILLIS} millis`)
      expect(yield* fiber).toEqual({ asked: ["a", "b", "c", "d"], found: ["b", "c", "d"] })
    })
  )

  it.effect("from another for each that does not answer in time, from as many as did once there is none", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.fork(gathering((peer) => (peer === "d" ? Effect.succeed(1) : Effect.never), 4))
      yield* TestClock.adjust(`${ANSWER_MILLIS - 1} millis`)
      expect(yield* Fiber.poll(fiber)).toEqual(Option.none())
      yield* TestClock.adjust("1 millis")
      expect(yield* fiber).toEqual({ asked: ["a", "b", "c", "d"], found: ["d"] })
    })
  )

  it.effect("as far as there are any", () =>
    Effect.gen(function* () {
      expect((yield* gathering((peer) => (peer === "d" ? Effect.succeed(1) : Effect.fail("gone")), 3)).found).toEqual([
        "d"
      ])
    })
  )

  it.effect("and who is not needed any more is not waited for, also where the caller may not be interrupted", () =>
    Effect.gen(function* () {
      const answers = (peer: string) => (peer === "a" ? Effect.never : Effect.succeed(1))
      const fiber = yield* Effect.fork(Effect.uninterruptible(gathering(answers, 3)))
      yield* TestClock.adjust(`${HEDGE_MILLIS} millis`)
      expect((yield* fiber).found).toEqual(["b", "c", "d"])
    })
  )
})
