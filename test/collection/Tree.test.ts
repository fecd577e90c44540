import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Schema, Stream } from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, balance: Schema.Int }) {}
const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: (a) => a.id })
const Notes = Diary.define("notes", { entry: Schema.String })

describe("Tree", () => {
  it.effect("put and get", () =>
    Effect.gen(function* () {
      const accounts = yield* Tree.openOrCreate(Accounts)
      const notes = yield* Diary.openOrCreate(Notes)
      yield* accounts.put({ id: "a", balance: 1 })
      yield* accounts.putAll(Array.from({ length: 1000 }, (_, i) => ({ id: `k${i}`, balance: i })))
      const a = yield* accounts.get("a")
      expect(Option.getOrThrow(a)).toBeInstanceOf(Account)
      expect(yield* accounts.count()).toBe(1001)
      yield* Transaction.run(
        Effect.gen(function* () {
          yield* accounts.modify("a", (x) => ({ ...x, balance: x.balance + 5 }))
          yield* notes.append("five")
        })
      )
      expect(Option.getOrThrow(yield* accounts.get("a")).balance).toBe(6)
      expect(yield* notes.length).toBe(1)
      const ten = yield* Stream.runCollect(accounts.range({ from: "k10", limit: 10 }))
      expect(Chunk.size(ten)).toBe(10)
      for (let i = 0; i < 100; i++) yield* notes.append(`n${i}`)
      const all = yield* Stream.runCollect(notes.read({ reverse: true, limit: 3 }))
      expect(Chunk.toReadonlyArray(all)).toEqual(["n99", "n98", "n97"])
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
