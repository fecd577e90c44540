/**
 * The rules that every implementation of {@link RawStorage} keeps. Each case has blocks, or a space, of its own, so that all
 * of them may run on one new store.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import {
  RawStorage,
  type RawStorageService,
  type StorageKey,
  type StorageRange,
  type StorageRecord,
  type StorageWrite
} from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { compareKeys, SortedMap } from "../reference/SortedMap.ts"
import { type ConformanceCase, expectEqual, expectTrue } from "./Conformance.ts"

type StorageCase = ConformanceCase<RawStorage>

const rule = (name: string, check: (storage: RawStorageService) => Effect.Effect<void, unknown>): StorageCase => ({
  name,
  check: Effect.flatMap(RawStorage, check)
})

const put = (key: StorageKey, value: string): StorageWrite => ({ type: "put", key, value })
const remove = (key: StorageKey): StorageWrite => ({ type: "delete", key })

const ALL = 1000
const LARGE_VALUE_CHARACTERS = 1 << 20

/** Texts that a careless codec confuses, in the order of their code points. */
const ODD_TEXTS = [
  "",
  "\u0000",
  "\u0000\u0000",
  "\u0001",
  " ",
  "!",
  '"',
  '"21',
  "#",
  "#0000000000000001",
  "$",
  "%",
  "a",
  "a\u0000",
  "a\u0000b",
  "a!",
  "a!b",
  "ab",
  "~",
  "~00007e",
  "\u007f",
  "\u0080",
  "é",
  "\ud7ff",
  "\ud800",
  "\udfff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "😀",
  "😀a",
  "\u{10ffff}"
] as const

const NUMBERS = [0, 1, 9, 10, 99, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER] as const

/** Names in order: numbers, then texts. */
const NAMES: ReadonlyArray<string | number> = [...NUMBERS, ...ODD_TEXTS]

const namesOf = (records: ReadonlyArray<StorageRecord>) => records.map((record) => record.key[3])

const BASIC: ReadonlyArray<StorageCase> = [
  rule("a key that was never written has no value", (storage) =>
    Effect.gen(function* () {
      yield* expectEqual(yield* storage.get(["block", "absent", "k", ""]), undefined, "value")
      yield* expectEqual(yield* storage.range({ space: "block", block: "absent", kind: "k", limit: ALL }), [], "range")
    })
  ),
  rule("what was written is read", (storage) =>
    Effect.gen(function* () {
      yield* storage.write([put(["block", "basic", "k", "n"], '{"a":[1,"é😀",null]}')])
      yield* expectEqual(yield* storage.get(["block", "basic", "k", "n"]), '{"a":[1,"é😀",null]}', "value")
      yield* storage.write([put(["block", "basic", "k", "n"], "2")])
      yield* expectEqual(yield* storage.get(["block", "basic", "k", "n"]), "2", "after writing it again")
    })
  ),
  rule("getMany answers in the order asked, absent keys and repeated ones too", (storage) =>
    Effect.gen(function* () {
      const [a, b, absent] = ["a", "b", "c"].map((name): StorageKey => ["block", "many", "k", name])
      yield* storage.write([put(a!, "1"), put(b!, "2")])
      yield* expectEqual(yield* storage.getMany([b!, absent!, a!, b!]), ["2", undefined, "1", "2"], "values")
      yield* expectEqual(yield* storage.getMany([]), [], "values of no keys")
    })
  ),
  rule("a number and the text of its digits are two names", (storage) =>
    Effect.gen(function* () {
      yield* storage.write([put(["block", "digits", "k", 1], '"number"'), put(["block", "digits", "k", "1"], '"text"')])
      yield* expectEqual(yield* storage.get(["block", "digits", "k", 1]), '"number"', "number")
      yield* expectEqual(yield* storage.get(["block", "digits", "k", "1"]), '"text"', "text")
    })
  ),
  rule("a value of a mebibyte comes back", (storage) =>
    Effect.gen(function* () {
      const value = JSON.stringify("é".repeat(LARGE_VALUE_CHARACTERS / 2))
      yield* storage.write([put(["block", "large", "k", ""], value)])
      yield* expectTrue((yield* storage.get(["block", "large", "k", ""])) === value, "the value is the same")
    })
  ),
  rule(
    "a number that is no whole number from 0 below 2^53 is a defect, and nothing of its batch is written",
    (storage) =>
      Effect.gen(function* () {
        for (const name of [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
          const batch = [put(["block", "defect", "k", "before"], "1"), put(["block", "defect", "k", name], "1")]
          yield* expectDefect(storage.write(batch), `write of ${name}`)
          yield* expectDefect(storage.get(["block", "defect", "k", name]), `get of ${name}`)
          yield* expectDefect(
            storage.range({ space: "block", block: "defect", kind: "k", from: name, limit: 1 }),
            `range from ${name}`
          )
        }
        yield* expectEqual(yield* storage.get(["block", "defect", "k", "before"]), undefined, "the write before it")
      })
  ),
  rule("the records that a store keeps about itself cannot be written", (storage) =>
    Effect.gen(function* () {
      yield* expectDefect(storage.write([put(["store", "", "format", ""], "{}")]), "format")
      yield* expectDefect(storage.write([remove(["store", "", "checkpoint", ""])]), "checkpoint")
      yield* expectDefect(storage.write([remove(["store", "", "sequence", 1])]), "sequence")
    })
  )
]

const expectDefect = (effect: Effect.Effect<unknown, unknown>, label: string) =>
  Effect.flatMap(Effect.exit(effect), (exit) =>
    expectTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause), `${label} is a defect`)
  )

const BATCHES: ReadonlyArray<StorageCase> = [
  rule("an empty batch is written, and changes nothing", (storage) => storage.write([])),
  rule("the later of two writes of a key in one batch wins", (storage) =>
    Effect.gen(function* () {
      const key: StorageKey = ["block", "later", "k", ""]
      yield* storage.write([put(key, "1"), put(key, "2")])
      yield* expectEqual(yield* storage.get(key), "2", "put, put")
      yield* storage.write([put(key, "3"), remove(key)])
      yield* expectEqual(yield* storage.get(key), undefined, "put, delete")
      yield* storage.write([remove(key), put(key, "4")])
      yield* expectEqual(yield* storage.get(key), "4", "delete, put")
      yield* expectEqual(
        namesOf(yield* storage.range({ space: "block", block: "later", kind: "k", limit: ALL })),
        [""],
        "one record"
      )
    })
  ),
  rule("a deleted key is gone from get, range and blocks, and can be written again", (storage) =>
    Effect.gen(function* () {
      const key: StorageKey = ["ended", "deleted", "k", 1]
      const range: StorageRange = { space: "ended", block: "deleted", kind: "k", limit: ALL }
      yield* storage.write([put(key, "1")])
      yield* storage.write([remove(key), remove(["ended", "deleted", "k", 2])])
      yield* expectEqual(yield* storage.get(key), undefined, "value")
      yield* expectEqual(yield* storage.range(range), [], "range")
      yield* expectEqual(yield* storage.blocks("ended", { limit: ALL }), [], "blocks")
      yield* storage.write([put(key, "2")])
      yield* expectEqual(yield* storage.range(range), [{ key, value: "2" }], "range after writing again")
      yield* storage.write([remove(key)])
    })
  ),
  rule("a batch is seen whole or not at all", (storage) =>
    Effect.gen(function* () {
      const keys = ["a", "b"].map((name): StorageKey => ["block", "whole", "k", name])
      const range: StorageRange = { space: "block", block: "whole", kind: "k", limit: ALL }
      yield* storage.write(keys.map((key) => put(key, "0")))
      const writer = Effect.forEach(
        Array.from({ length: 50 }, (_, round) => String(round + 1)),
        (value) => storage.write(keys.map((key) => put(key, value)))
      )
      const reader = Effect.forEach(Array.from({ length: 50 }), () =>
        Effect.gen(function* () {
          const [a, b] = yield* storage.range(range)
          yield* expectEqual(a?.value, b?.value, "the two records of one batch, in a range")
          const [left, right] = yield* storage.getMany(keys)
          yield* expectEqual(left, right, "the two records of one batch, by their keys")
          yield* Effect.yieldNow()
        })
      )
      yield* Effect.all([writer, reader], { concurrency: 2 })
    })
  ),
  rule("every one of many concurrent batches lands", (storage) =>
    Effect.gen(function* () {
      const writers = Array.from({ length: 200 }, (_, index) => index)
      yield* Effect.forEach(
        writers,
        (index) =>
          storage.write([
            put(["block", "concurrent", "k", index], String(index)),
            put(["block", "concurrent", "last", ""], String(index))
          ]),
        { concurrency: "unbounded" }
      )
      const records = yield* storage.range({ space: "block", block: "concurrent", kind: "k", limit: ALL })
      yield* expectEqual(
        records.map(({ value }) => Number(value)),
        writers,
        "values in order of their keys"
      )
    })
  )
]

const RANGES: ReadonlyArray<StorageCase> = [
  rule("a range gives names in order: numbers by size, then texts by code point", (storage) =>
    Effect.gen(function* () {
      const shuffled = Prng.make(1).shuffle(NAMES)
      yield* storage.write(shuffled.map((name) => put(["block", "order", "k", name], JSON.stringify(name))))
      const range: StorageRange = { space: "block", block: "order", kind: "k", limit: ALL }
      const records = yield* storage.range(range)
      yield* expectEqual(namesOf(records), NAMES, "names")
      yield* expectEqual(
        records.map(({ value }) => value),
        NAMES.map((name) => JSON.stringify(name)),
        "values"
      )
      yield* expectEqual(yield* storage.range({ ...range, reverse: true }), records.toReversed(), "in reverse")
    })
  ),
  rule("both bounds of a range belong to it, whether or not a record is there", (storage) =>
    Effect.gen(function* () {
      yield* storage.write([10, 20, 30, "b", "d"].map((name) => put(["block", "bounds", "k", name], "0")))
      const names = (bounds: Partial<StorageRange>) =>
        Effect.map(storage.range({ space: "block", block: "bounds", kind: "k", limit: ALL, ...bounds }), namesOf)
      yield* expectEqual(yield* names({ from: 20 }), [20, 30, "b", "d"], "from 20")
      yield* expectEqual(yield* names({ from: 21 }), [30, "b", "d"], "from 21")
      yield* expectEqual(yield* names({ to: 20 }), [10, 20], "to 20")
      yield* expectEqual(yield* names({ to: 19 }), [10], "to 19")
      yield* expectEqual(yield* names({ from: 20, to: "b" }), [20, 30, "b"], "from 20 to b")
      yield* expectEqual(yield* names({ from: "" }), ["b", "d"], "from the empty text")
      yield* expectEqual(yield* names({ from: "b", to: "c" }), ["b"], "from b to c")
      yield* expectEqual(yield* names({ from: 20, to: 20 }), [20], "from 20 to 20")
      yield* expectEqual(yield* names({ from: 30, to: 10 }), [], "from 30 to 10")
      yield* expectEqual(yield* names({ from: 15, to: "c", reverse: true }), ["b", 30, 20], "in reverse")
    })
  ),
  rule("a range gives at most its limit, from the end it starts at", (storage) =>
    Effect.gen(function* () {
      yield* storage.write([1, 2, 3, 4].map((name) => put(["block", "limit", "k", name], "0")))
      const names = (bounds: Partial<StorageRange>) =>
        Effect.map(storage.range({ space: "block", block: "limit", kind: "k", limit: ALL, ...bounds }), namesOf)
      yield* expectEqual(yield* names({ limit: 2 }), [1, 2], "first two")
      yield* expectEqual(yield* names({ limit: 2, reverse: true }), [4, 3], "last two")
      yield* expectEqual(yield* names({ limit: 1, reverse: true, to: 3 }), [3], "last up to 3")
      yield* expectEqual(yield* names({ limit: 0 }), [], "none")
      yield* expectEqual(yield* names({ limit: -1 }), [], "less than none")
    })
  ),
  rule("a range holds no record of another kind, block or space, however alike their names", (storage) =>
    Effect.gen(function* () {
      const keys = ODD_TEXTS.flatMap((block) =>
        ["", "k", "k!", "k\u0000", "kk"].flatMap((kind) =>
          (["vote", "lock"] as const).map((space): StorageKey => [space, `isolation${block}`, kind, ""])
        )
      )
      yield* storage.write(keys.map((key) => put(key, JSON.stringify(key))))
      for (const [space, block, kind] of keys) {
        const records = yield* storage.range({ space, block, kind, limit: ALL })
        yield* expectEqual(
          records.map(({ key }) => key),
          [[space, block, kind, ""]],
          "keys of the range"
        )
      }
    })
  ),
  rule("blocks gives each block of a space once, in order, after a block, up to a limit", (storage) =>
    Effect.gen(function* () {
      yield* storage.write(
        Prng.make(2)
          .shuffle(ODD_TEXTS)
          .flatMap((block) => [1, "x"].map((name) => put(["proof", block, "k", name], "0")))
      )
      yield* storage.write([put(["ballot", "a", "k", 1], "0"), put(["cluster-index", "a", "k", 1], "0")])
      yield* expectEqual(yield* storage.blocks("proof", { limit: ALL }), ODD_TEXTS, "all")
      for (const [index, after] of ODD_TEXTS.entries()) {
        const expected = ODD_TEXTS.slice(index + 1, index + 3)
        yield* expectEqual(
          yield* storage.blocks("proof", { after, limit: 2 }),
          expected,
          `two after ${JSON.stringify(after)}`
        )
      }
      yield* expectEqual(
        yield* storage.blocks("proof", { after: "aa", limit: 1 }),
        ["ab"],
        "after one that is not there"
      )
      yield* expectEqual(yield* storage.blocks("proof", { limit: 0 }), [], "none")
    })
  )
]

const MODEL_SEED = 7
const MODEL_STEPS = 300

const MODEL: ReadonlyArray<StorageCase> = [
  rule("after any writes, every read gives what a sorted array gives", (storage) =>
    Effect.gen(function* () {
      const random = Prng.make(MODEL_SEED)
      const model = new SortedMap()
      const kinds = ["", "k", "kk"]
      const blocks = ODD_TEXTS.slice(0, 12)
      const name = () => random.pick(NAMES)
      const key = (): StorageKey => ["transaction", random.pick(blocks), random.pick(kinds), name()]
      for (let step = 0; step < MODEL_STEPS; step++) {
        const batch = Array.from({ length: random.nextInt(6) }, () =>
          random.nextInt(3) === 0 ? remove(key()) : put(key(), String(step))
        )
        yield* storage.write(batch)
        model.write(batch)

        const asked = key()
        yield* expectEqual(yield* storage.get(asked), model.get(asked), `step ${step}: get ${JSON.stringify(asked)}`)
        const range: StorageRange = {
          space: "transaction",
          block: asked[1],
          kind: asked[2],
          limit: random.nextInt(8),
          reverse: random.nextInt(2) === 0,
          ...(random.nextInt(2) === 0 ? { from: name() } : {}),
          ...(random.nextInt(2) === 0 ? { to: name() } : {})
        }
        yield* expectEqual(yield* storage.range(range), model.range(range), `step ${step}: ${JSON.stringify(range)}`)
        const list = { limit: random.nextInt(8), ...(random.nextInt(2) === 0 ? { after: random.pick(ODD_TEXTS) } : {}) }
        const found = yield* storage.blocks("transaction", list)
        yield* expectEqual(found, model.blocks("transaction", list), `step ${step}: blocks ${JSON.stringify(list)}`)
      }
    })
  )
]

/** The rules of {@link RawStorage}. One new store serves for all of them. */
export const rawStorage: ReadonlyArray<StorageCase> = [...BASIC, ...BATCHES, ...RANGES, ...MODEL]

const SESSIONS = 4
const BATCHES_PER_SESSION = 30

/** The rules of a durable {@link RawStorage}: `layer` opens the same store each time it is built. */
export const durableRawStorage = <E>(layer: Layer.Layer<RawStorage, E>): ReadonlyArray<ConformanceCase<never>> => {
  const session = <A, E>(use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
    Effect.flatMap(RawStorage, use).pipe(Effect.provide(layer))
  return [
    {
      name: "what was written is there after closing and opening, in order, and nothing else",
      check: Effect.gen(function* () {
        const keys = ODD_TEXTS.map((name): StorageKey => ["block", "durable", "k", name])
        yield* session((storage) => storage.write(keys.map((key) => put(key, JSON.stringify(key)))))
        yield* session((storage) => storage.write(keys.slice(10).map(remove)))
        const records = yield* session((storage) =>
          storage.range({ space: "block", block: "durable", kind: "k", limit: ALL })
        )
        const expected = keys.slice(0, 10).toSorted(compareKeys)
        yield* expectEqual(
          records,
          expected.map((key) => ({ key, value: JSON.stringify(key) })),
          "records"
        )
      })
    },
    {
      name: "a store that is opened and written again and again keeps every batch",
      check: Effect.gen(function* () {
        for (let turn = 0; turn < SESSIONS; turn++) {
          yield* session((storage) =>
            Effect.gen(function* () {
              const before = yield* storage.range({ space: "block", block: "turns", kind: "k", limit: ALL })
              yield* expectEqual(before.length, turn * BATCHES_PER_SESSION, `records at turn ${turn}`)
              for (let index = 0; index < BATCHES_PER_SESSION; index++) {
                yield* storage.write([put(["block", "turns", "k", turn * BATCHES_PER_SESSION + index], "1")])
              }
            })
          )
        }
      })
    }
  ]
}
