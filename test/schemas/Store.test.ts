/**
 * A small program on a fixed seed, clock and key leaves exactly the records that it always left, byte for byte: what
 * stores of today hold can be read, and nothing enters them by accident. To write them anew: test/fixtures/README.md.
 */
import { createHash } from "node:crypto"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Diary, Transaction, Tree } from "effect-optimystic"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import { layerEmbedded } from "../../layers/Node.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { RawStorage, type StorageKey } from "../../services/RawStorage.ts"
import * as SeededEntropy from "../../simulator/SeededEntropy.ts"
import { LOG_CAPACITY } from "../../src/log/LogBlock.ts"
import { identityOf, network } from "../storage/TestServices.ts"
import { expectGolden } from "./golden.ts"

const START = Date.UTC(2026, 0, 1)

class Book extends Schema.Class<Book>("Book")({ id: Schema.Int, title: Schema.String }) {}
const Books = Tree.define("books", { entry: Book, key: Schema.Int, keyOf: ({ id }) => id })
const Authors = Tree.define("authors", { entry: Book, key: Schema.Int, keyOf: ({ id }) => id })
const Notes = Diary.define("notes", { entry: Schema.String })

const MANY = 300
const LONG_NOTE = "x".repeat(20_000)

const program = Effect.gen(function* () {
  const books = yield* Tree.openOrCreate(Books)
  const authors = yield* Tree.openOrCreate(Authors)
  const notes = yield* Diary.openOrCreate(Notes)
  yield* books.put({ id: 1, title: "Żółw 🐢" })
  yield* books.putAll(Array.from({ length: MANY }, (_, i) => ({ id: i, title: `Title ${i}` })))
  yield* TestClock.adjust("1 hour")
  yield* Transaction.run(
    Effect.gen(function* () {
      yield* authors.get(7)
      yield* books.modify(7, (book) => ({ ...book, title: `${book.title}, second edition` }))
      yield* notes.append("a new edition")
    })
  )
  yield* notes.append(LONG_NOTE)
  yield* books.deleteAll(Array.from({ length: MANY - 20 }, (_, i) => i))
  // So that a log rolls over.
  for (let note = 0; note <= LOG_CAPACITY.count; note++) yield* notes.append(`note ${note}`)
})

/** Everything that a program leaves in a store. */
const recordsOf = Effect.gen(function* () {
  const records = new Map<string, { readonly key: StorageKey; readonly value: string }>()
  const recording = Layer.effect(
    RawStorage,
    Effect.map(RawStorage, (raw) => ({
      ...raw,
      write: (batch) =>
        Effect.tap(raw.write(batch), () =>
          Effect.sync(() => {
            for (const write of batch) {
              if (write.type === "put") records.set(JSON.stringify(write.key), write)
              else records.delete(JSON.stringify(write.key))
            }
          })
        )
    }))
  ).pipe(Layer.provide(MemoryStorage.layer))
  yield* TestClock.setTime(START)
  yield* Effect.provide(
    program,
    layerEmbedded(network).pipe(
      Layer.provide(recording),
      Layer.provide(NodeCrypto.layer(identityOf(1))),
      Layer.provide(SeededEntropy.layer("golden"))
    )
  )
  return [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record)
})

/** One hash for each block, and one for all transactions and proofs. */
const summaryOf = (records: Effect.Effect.Success<typeof recordsOf>): Record<string, string> => {
  const groups = new Map<string, Array<string>>()
  for (const { key, value } of records) {
    const group = key[0] === "block" ? `block ${key[1]}` : key[0]
    groups.set(group, [...(groups.get(group) ?? []), `${JSON.stringify(key)} ${value}`])
  }
  return Object.fromEntries(
    [...groups].map(([group, lines]) => {
      const hash = createHash("sha256").update(lines.join("\n")).digest("hex")
      return [group, `${lines.length} records, sha256 ${hash}`]
    })
  )
}

describe("the store that a program leaves", () => {
  it.effect("is what it always was, byte for byte", () =>
    Effect.gen(function* () {
      expectGolden("store-1.json", summaryOf(yield* recordsOf))
    })
  )

  it.effect("has every kind of block, whole revisions and changes, and nothing that is pending", () =>
    Effect.gen(function* () {
      const records = yield* recordsOf
      const kinds = new Set(records.map(({ key }) => `${key[0]}/${key[2]}`))
      expect([...kinds].sort()).toEqual([
        "block/change",
        "block/head",
        "block/members",
        "block/rev",
        "block/whole",
        "proof/",
        "transaction/manifest"
      ])
      const types = records
        .filter(({ key }) => key[2] === "whole")
        .map(({ value }) => (JSON.parse(value) as { header: { type: string } }).header.type)
      expect([...new Set(types)].sort()).toEqual(["branch", "collection", "leaf", "log", "payload"])
      expect(records.some(({ value }) => value.includes('"after":"deleted"'))).toBe(true)
    })
  )
})
