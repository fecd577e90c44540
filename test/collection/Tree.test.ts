import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Option, Schema, Stream } from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"
import * as Prng from "../../src/random/Prng.ts"

class Account extends Schema.Class<Account>("Account")({ id: Schema.String, balance: Schema.Int }) {}
const Accounts = Tree.define("accounts", { entry: Account, key: Schema.String, keyOf: (a) => a.id })

const Item = Schema.Struct({ key: Schema.Int, text: Schema.String })
const Items = Tree.define("items", { entry: Item, key: Schema.Int, keyOf: ({ key }) => key })

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const onANode = <A, E>(effect: Effect.Effect<A, E, Effect.Effect.Context<ReturnType<typeof Tree.open>>>) =>
  Effect.provide(effect, Node.layerLocal())

describe("Tree", () => {
  it.live("equals a sorted map under random calls", () =>
    onANode(
      Effect.gen(function* () {
        const prng = Prng.make("tree")
        const items = yield* Tree.openOrCreate(Items)
        const model = new Map<number, string>()
        const entries = () => [...model].sort(([a], [b]) => a - b).map(([key, text]) => ({ key, text }))
        for (let step = 0; step < 1_500; step++) {
          const key = prng.nextInt(300)
          const text = `text ${step}`
          switch (prng.nextInt(7)) {
            case 0:
              expect(yield* items.delete(key)).toBe(model.delete(key))
              break
            case 1: {
              const keys = [key, key + 1, key + 2]
              expect(yield* items.deleteAll(keys)).toBe(keys.filter((k) => model.delete(k)).length)
              break
            }
            case 2:
              yield* items.upsert(key, (before) => ({
                key,
                text: Option.match(before, { onNone: () => "new", onSome: (entry) => `${entry.text}+` })
              }))
              model.set(key, model.has(key) ? `${model.get(key)}+` : "new")
              break
            case 3: {
              const many = Array.from({ length: 1 + prng.nextInt(100) }, (_, i) => ({ key: key + i * 3, text }))
              yield* items.putAll(many)
              for (const entry of many) model.set(entry.key, entry.text)
              break
            }
            case 4: {
              const changed = yield* Effect.either(items.modify(key, (entry) => ({ ...entry, text })))
              expect(changed._tag).toBe(model.has(key) ? "Right" : "Left")
              if (model.has(key)) model.set(key, text)
              break
            }
            default:
              yield* items.put({ key, text })
              model.set(key, text)
          }
          if (step % 50 === 0) {
            const all = entries()
            expect(yield* collect(items.range())).toEqual(all)
            expect(yield* collect(items.range({ reverse: true }))).toEqual([...all].reverse())
            expect(yield* items.count()).toBe(all.length)
            expect(Option.getOrUndefined(yield* items.first)).toEqual(all[0])
            expect(Option.getOrUndefined(yield* items.last)).toEqual(all.at(-1))
            const [from, to] = [prng.nextInt(300), prng.nextInt(600)]
            const bounds = { from, fromExclusive: prng.nextInt(2) === 0, to, toExclusive: prng.nextInt(2) === 0 }
            const inside = all.filter(
              (entry) =>
                (bounds.fromExclusive ? entry.key > from : entry.key >= from) &&
                (bounds.toExclusive ? entry.key < to : entry.key <= to)
            )
            expect(yield* collect(items.range(bounds))).toEqual(inside)
            expect(yield* collect(items.range({ ...bounds, limit: 5, reverse: true }))).toEqual(
              inside.reverse().slice(0, 5)
            )
            expect(yield* items.count(bounds)).toBe(inside.length)
          }
        }
        for (let key = 0; key < 620; key++) {
          expect(Option.getOrUndefined(yield* items.get(key))?.text).toBe(model.get(key))
          expect(yield* items.has(key)).toBe(model.has(key))
        }
      })
    )
  )

  it.live("decodes to instances of its class, and takes plain fields", () =>
    onANode(
      Effect.gen(function* () {
        const accounts = yield* Tree.openOrCreate(Accounts)
        yield* accounts.put({ balance: 1, id: "a" })
        yield* accounts.put(new Account({ balance: 2, id: "b" }))
        for (const entry of yield* collect(accounts.range())) expect(entry).toBeInstanceOf(Account)
        const changed = yield* accounts.modify("a", (account) => ({ ...account, balance: account.balance + 5 }))
        expect(changed.balance).toBe(6)
      })
    )
  )

  it.live("refuses an entry that does not fit its schema, and names its key", () =>
    onANode(
      Effect.gen(function* () {
        const accounts = yield* Tree.openOrCreate(Accounts)
        const failure = yield* Effect.flip(
          accounts.putAll([
            { balance: 1, id: "good" },
            { balance: 1.5, id: "bad" }
          ])
        )
        expect(failure).toMatchObject({ _tag: "DecodeError", collection: "accounts", key: "bad" })
        expect(yield* accounts.count()).toBe(0)
      })
    )
  )

  it.live("an entry stored under another schema fails to decode, and names its key", () =>
    onANode(
      Effect.gen(function* () {
        const Loose = Tree.define("accounts", {
          entry: Schema.Struct({ id: Schema.String, note: Schema.String }),
          key: Schema.String,
          keyOf: ({ id }) => id
        })
        yield* (yield* Tree.openOrCreate(Loose)).put({ id: "x", note: "no balance" })
        const accounts = yield* Tree.open(Accounts)
        expect(yield* Effect.flip(accounts.get("x"))).toMatchObject({ _tag: "DecodeError", key: "x" })
        expect(yield* Effect.flip(collect(accounts.range()))).toMatchObject({ _tag: "DecodeError", key: "x" })
      })
    )
  )

  it.live("modify wants an entry, and keeps its key", () =>
    onANode(
      Effect.gen(function* () {
        const accounts = yield* Tree.openOrCreate(Accounts)
        expect(yield* Effect.flip(accounts.modify("a", (a) => a))).toMatchObject({ _tag: "EntryNotFound", key: "a" })
        yield* accounts.put({ balance: 1, id: "a" })
        expect(yield* Effect.flip(accounts.modify("a", (a) => ({ ...a, id: "b" })))).toMatchObject({ _tag: "Invalid" })
        expect(yield* accounts.count()).toBe(1)
      })
    )
  )

  it.live("opens as what it was created as, and as nothing else", () =>
    onANode(
      Effect.gen(function* () {
        expect(yield* Effect.flip(Tree.open(Accounts))).toMatchObject({ _tag: "CollectionNotFound", name: "accounts" })
        yield* Tree.openOrCreate(Accounts)
        yield* Tree.open(Accounts)
        const options = { entry: Account, key: Schema.String, keyOf: (a: Account) => a.id }
        const mismatches = [
          [Tree.define("accounts", { ...options, placement: "scatter" }), "placement"],
          [Tree.define("accounts", { ...options, keyOrder: { compare: () => 0, name: "odd" } }), "keyOrder"]
        ] as const
        for (const [definition, property] of mismatches) {
          expect(yield* Effect.flip(Tree.open(definition))).toMatchObject({ _tag: "CollectionMismatch", property })
          expect(yield* Effect.flip(Tree.openOrCreate(definition))).toMatchObject({ _tag: "CollectionMismatch" })
        }
        const diary = Diary.define("accounts", { entry: Account })
        expect(yield* Effect.flip(Diary.openOrCreate(diary))).toMatchObject({
          _tag: "CollectionMismatch",
          property: "kind"
        })
      })
    )
  )

  it.live("created by many at once, it is one", () =>
    onANode(
      Effect.gen(function* () {
        yield* Effect.forEach(
          Array.from({ length: 20 }, (_, i) => i),
          (i) => Effect.flatMap(Tree.openOrCreate(Items), (items) => items.put({ key: i, text: "x" })),
          { concurrency: "unbounded" }
        )
        expect(yield* (yield* Tree.open(Items)).count()).toBe(20)
      })
    )
  )

  it.live("orders texts by code units, and tuples part by part", () =>
    onANode(
      Effect.gen(function* () {
        const Pairs = Tree.define("pairs", {
          entry: Schema.Tuple(Schema.String, Schema.Number),
          key: Schema.Tuple(Schema.String, Schema.Number),
          keyOf: (pair) => pair
        })
        const pairs = yield* Tree.openOrCreate(Pairs)
        const sorted = [
          ["", 0],
          ["Z", 5],
          ["a", -1.5],
          ["a", 2],
          ["a", 10],
          ["ä", 0],
          ["😀", 0],
          ["\uffff", 0]
        ] as const
        yield* pairs.putAll([...sorted].reverse())
        expect(yield* collect(pairs.range())).toEqual(sorted)
        expect(yield* collect(pairs.range({ from: ["a", 0], to: ["a", 10], toExclusive: true }))).toEqual([["a", 2]])
      })
    )
  )

  it("wants an order for keys that have none", () => {
    const define = () => Tree.define("dates", { entry: Schema.Boolean, key: Schema.Boolean, keyOf: (b) => b })
    expect(define).toThrow(/keyOrder/)
  })

  it.live("a snapshot stays as it was", () =>
    onANode(
      Effect.gen(function* () {
        const items = yield* Tree.openOrCreate(Items)
        yield* items.putAll(Array.from({ length: 500 }, (_, key) => ({ key, text: "old" })))
        const snapshot = yield* items.snapshot
        for (let key = 0; key < 500; key += 7) yield* items.put({ key, text: "new" })
        yield* items.deleteAll([1, 2, 3])
        expect((yield* collect(snapshot.range())).every(({ text }) => text === "old")).toBe(true)
        expect(yield* snapshot.count()).toBe(500)
        expect((yield* items.snapshot).rev).toBeGreaterThan(snapshot.rev)
        yield* items.clear
        expect(yield* items.count()).toBe(0)
        expect(yield* snapshot.count()).toBe(500)
      })
    )
  )

  it.live("keeps any JSON as it is", () =>
    onANode(
      Effect.gen(function* () {
        const Values = Tree.define("values", {
          entry: Schema.Struct({ key: Schema.String, value: Schema.Unknown }),
          key: Schema.String,
          keyOf: ({ key }) => key
        })
        const values = yield* Tree.openOrCreate(Values)
        const odd = {
          "": null,
          "10": 1,
          "9": 2,
          __proto__x: [],
          b: { "2": "two", "1": { deep: ["é", "😀", 1e21] } },
          a: true
        }
        const entries = [odd, [], [odd, 1], null, "text", 0, false].map((value, i) => ({ key: `k${i}`, value }))
        yield* values.putAll(entries)
        expect(yield* collect(values.range())).toEqual(entries)
        for (const value of [Number.NaN, "\ud800", () => 1]) {
          expect(yield* Effect.flip(values.put({ key: "bad", value }))).toMatchObject({
            _tag: "DecodeError",
            key: "bad"
          })
        }
      })
    )
  )

  it.live("says which limit an entry or a key exceeds", () =>
    onANode(
      Effect.gen(function* () {
        const accounts = yield* Tree.openOrCreate(Accounts)
        const longKey = yield* Effect.flip(accounts.put({ balance: 0, id: "k".repeat(5_000) }))
        expect(longKey).toMatchObject({ _tag: "LimitExceeded", limit: 4_096 })
        const items = yield* Tree.openOrCreate(Items)
        const large = yield* Effect.flip(items.put({ key: 1, text: "x".repeat(200_000) }))
        expect(large).toMatchObject({ _tag: "LimitExceeded", limit: 131_072 })
        yield* items.putAll(Array.from({ length: 20 }, (_, key) => ({ key, text: "x".repeat(100_000) })))
        expect((yield* collect(items.range())).map(({ text }) => text.length)).toEqual(Array(20).fill(100_000))
      })
    )
  )

  it.live("takes every schema that encodes to JSON, and gives each reader what it may change", () =>
    onANode(
      Effect.gen(function* () {
        const Rich = Schema.Struct({
          at: Schema.Date,
          id: Schema.String,
          maybe: Schema.Option(Schema.Int),
          numbers: Schema.mutable(Schema.Array(Schema.Int)),
          other: Schema.Unknown
        })
        const Riches = Tree.define("riches", { entry: Rich, key: Schema.String, keyOf: ({ id }) => id })
        const Options = Diary.define("options", { entry: Schema.Option(Schema.Int) })
        const riches = yield* Tree.openOrCreate(Riches)
        const entry = { at: new Date(5), id: "a", maybe: Option.some(1), numbers: [1], other: { deep: { n: 1 } } }
        yield* riches.put(entry)
        const first = Option.getOrThrow(yield* riches.get("a"))
        expect(first).toEqual(entry)
        first.numbers.push(2)
        first.at.setTime(0)
        ;(first.other as typeof entry.other).deep.n = 99
        expect(Option.getOrThrow(yield* riches.get("a"))).toEqual(entry)
        const options = yield* Diary.openOrCreate(Options)
        yield* options.appendAll([Option.some(1), Option.none()])
        expect(yield* collect(options.read())).toEqual([Option.some(1), Option.none()])
      })
    )
  )

  it.live("takes recursive schemas", () =>
    onANode(
      Effect.gen(function* () {
        interface Node {
          readonly name: string
          readonly children: ReadonlyArray<Node>
        }
        const Nodes: Schema.Schema<Node> = Schema.Struct({
          children: Schema.Array(Schema.suspend(() => Nodes)),
          name: Schema.String
        })
        const Forest = Tree.define("forest", { entry: Nodes, key: Schema.String, keyOf: ({ name }) => name })
        const forest = yield* Tree.openOrCreate(Forest)
        const oak = { children: [{ children: [], name: "acorn" }], name: "oak" }
        yield* forest.put(oak)
        expect(Option.getOrThrow(yield* forest.get("oak"))).toEqual(oak)
      })
    )
  )

  it.live("says what is wrong with a limit, a bound or a name", () =>
    onANode(
      Effect.gen(function* () {
        const items = yield* Tree.openOrCreate(Items)
        for (const limit of [2.5, -1, Number.NaN]) {
          expect(yield* Effect.flip(collect(items.range({ limit })))).toMatchObject({ _tag: "Invalid" })
        }
        expect(yield* Effect.flip(collect(items.range({ from: Number.POSITIVE_INFINITY })))).toMatchObject({
          _tag: "DecodeError"
        })
        const Nameless = Tree.define("", { entry: Item, key: Schema.Int, keyOf: ({ key }) => key })
        expect(yield* Effect.flip(Tree.openOrCreate(Nameless))).toMatchObject({ _tag: "Invalid" })
      })
    )
  )

  it.live("a block that changes often in one transaction is read back, also after its source left the cache", () =>
    Effect.gen(function* () {
      const Texts = Tree.define("texts", { entry: Schema.String, key: Schema.String, keyOf: (text) => text })
      const texts = yield* Tree.openOrCreate(Texts)
      yield* texts.put("first")
      for (let round = 0; round < 3; round++) {
        yield* Transaction.run(
          Effect.forEach(
            Array.from({ length: 60 }, (_, i) => `${round} ${i}`),
            (text) => texts.put(text)
          )
        )
      }
      expect(yield* texts.count()).toBe(181)
    }).pipe(
      // Nothing stays in memory: every block is put together from its records at each read.
      Effect.provide(Node.layerLocal({ policy: { storage: { cacheBytes: 0 }, transactions: { cacheBytes: 0 } } }))
    )
  )
})
