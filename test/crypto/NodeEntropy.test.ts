import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import { Entropy } from "../../services/Entropy.ts"

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

describe("NodeEntropy", () => {
  it.effect("hands out no bytes twice, across refills of its pool", () =>
    Effect.gen(function* () {
      const entropy = yield* Entropy
      const drawn = Array.from({ length: 5000 }, (_, index) => entropy.bytes(16 + (index % 5)))
      const groups = new Set(drawn.map((bytes) => hexOf(bytes.subarray(0, 8))))
      expect(groups.size).toBe(drawn.length)
      // A pool that was handed out after it was wiped, or before it was filled, shows as a run of zeros.
      for (const bytes of drawn) expect(hexOf(bytes)).not.toContain("0000000000000000")
    }).pipe(Effect.provide(NodeEntropy.layer))
  )

  it.effect("gives as many bytes as asked, from none to more than its pool", () =>
    Effect.gen(function* () {
      const entropy = yield* Entropy
      for (const count of [0, 1, 32, 4095, 4096, 4097, 100_000]) expect(entropy.bytes(count)).toHaveLength(count)
      for (const count of [-1, 0.5, Number.NaN]) expect(() => entropy.bytes(count)).toThrow(RangeError)
    }).pipe(Effect.provide(NodeEntropy.layer))
  )

  it.effect("shares no memory between what it hands out", () =>
    Effect.gen(function* () {
      const entropy = yield* Entropy
      const first = entropy.bytes(32)
      expect(first.buffer.byteLength).toBe(32)
      expect(entropy.bytes(32).buffer).not.toBe(first.buffer)
    }).pipe(Effect.provide(NodeEntropy.layer))
  )
})
