import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { traced } from "../../src/tracing/traced.ts"
import { tracerOf } from "./tracerOf.ts"

const named = traced(
  "Test.named",
  () => Effect.option(Effect.currentSpan),
  () => ({ size: 3 })
)

describe("What is traced", () => {
  it.effect("has no span where nobody traces", () =>
    Effect.map(named, (span) => expect(Option.isNone(span)).toBe(true))
  )

  it.effect("has a span where somebody does, with its attributes", () => {
    const begun: Array<string> = []
    return Effect.map(Effect.withTracer(named, tracerOf(begun)), (span) => {
      expect(begun).toEqual(["Test.named"])
      expect(Option.getOrThrow(span).attributes.get("size")).toBe(3)
    })
  })
})
