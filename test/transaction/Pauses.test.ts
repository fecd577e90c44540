import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { pausesOf } from "../../src/transaction/Pauses.ts"

describe("The pauses of a retry policy", () => {
  it.effect("come one by one, without anybody waiting for them, until it ends", () =>
    Effect.gen(function* () {
      const next = yield* pausesOf(Schedule.intersect(Schedule.exponential("1 hours"), Schedule.recurs(3)))
      const pauses = [yield* next, yield* next, yield* next]
      expect(pauses.map(Duration.toHours)).toEqual([1, 2, 4])
      expect((yield* Effect.either(next))._tag).toBe("Left")
    })
  )

  it.effect("are drawn anew for each transaction", () =>
    Effect.gen(function* () {
      const retry = Schedule.exponential("1 hours")
      const one = yield* pausesOf(retry)
      yield* one
      const other = yield* pausesOf(retry)
      expect(Duration.toHours(yield* other)).toBe(1)
    })
  )
})
