import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { storedNetwork } from "../../src/storage/storedNetwork.ts"

const manifestOf = (action: string, value: string) =>
  Effect.flatMap(RawStorage, (raw) => raw.write([{ key: ["transaction", action, "manifest", ""], type: "put", value }]))

describe("The network of a store", () => {
  it.effect("is that of its first transaction that can be read, and no other where none can be", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      expect(yield* storedNetwork(raw)).toBe(undefined)
      yield* manifestOf("a", "{")
      yield* manifestOf("b", '{"manifest":{"network":"NO NAME"}}')
      const error = yield* Effect.flip(storedNetwork(raw))
      expect([error._tag, error.message]).toEqual(["CorruptRecord", expect.stringContaining("transaction/a/manifest")])
      yield* manifestOf("c", '{"manifest":{"network":"bank"}}')
      yield* manifestOf("d", '{"manifest":{"network":"shop"}}')
      expect(yield* storedNetwork(raw)).toBe("bank")
    }).pipe(Effect.provide(MemoryStorage.layer))
  )
})
