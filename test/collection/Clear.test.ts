import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Node, Transaction, Tree } from "effect-optimystic"

const Item = Schema.Struct({ key: Schema.Int, text: Schema.String })
const Items = Tree.define("items", { entry: Item, key: Schema.Int, keyOf: ({ key }) => key })

const MOST_BLOCKS = 100
/** Of which each leaf takes no more than 64. */
const ENTRIES = 20_000

const node = Node.layerLocal({ policy: { transactions: { maxTransactionBlocks: MOST_BLOCKS } } })

const entries = (count: number, text: string) => Array.from({ length: count }, (_, key) => ({ key, text }))
const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** A tree of more blocks than one transaction may change. */
const large = Effect.gen(function* () {
  const items = yield* Tree.openOrCreate(Items)
  for (let start = 0; start < ENTRIES; start += 1_000) {
    yield* items.putAll(entries(1_000, "old").map((entry) => ({ ...entry, key: entry.key + start })))
  }
  return items
})

describe("Tree.clear", () => {
  it.live("empties a tree of more blocks than a transaction may change, at once", () =>
    Effect.gen(function* () {
      const items = yield* large
      const { rev } = yield* items.snapshot
      const before = yield* items.verify()
      expect(before.structureBlocks).toBeGreaterThan(2 * MOST_BLOCKS)
      yield* items.clear
      expect((yield* items.snapshot).rev).toBe(rev + 1)
      expect(yield* items.count()).toBe(0)
      expect(yield* items.has(7)).toBe(false)
      yield* items.put({ key: 7, text: "new" })
      expect(yield* collect(items.range())).toEqual([{ key: 7, text: "new" }])
      expect(yield* Effect.flatMap(items.atRevision(rev), (past) => past.count())).toBe(ENTRIES)
      expect((yield* collect(items.changes({ since: rev }))).map(({ changes }) => changes)).toEqual([
        [{ _tag: "Cleared" }],
        [{ _tag: "Put", entry: { key: 7, text: "new" }, key: 7 }]
      ])
      const after = yield* items.verify()
      expect(after).toMatchObject({ isComplete: true, problems: [], structureBlocks: 2 })
    }).pipe(Effect.provide(node))
  )

  it.live("leaves nothing to commit of what its transaction did before", () =>
    Effect.gen(function* () {
      const items = yield* large
      yield* Transaction.run(
        Effect.gen(function* () {
          // By itself this would be too much for one transaction.
          yield* items.putAll(entries(ENTRIES, "never"))
          yield* items.putAll(entries(ENTRIES, "never").map(({ key, text }) => ({ key: key + ENTRIES, text })))
          yield* items.clear
          yield* items.put({ key: 1, text: "new" })
        })
      )
      expect(yield* collect(items.range())).toEqual([{ key: 1, text: "new" }])
      expect(yield* items.verify()).toMatchObject({ isComplete: true, problems: [] })
    }).pipe(Effect.provide(node))
  )

  it.live("is undone with the transaction that fails after it", () =>
    Effect.gen(function* () {
      const items = yield* large
      yield* Effect.flip(Transaction.run(Effect.zipRight(items.clear, Effect.fail("no"))))
      expect(yield* items.count()).toBe(ENTRIES)
    }).pipe(Effect.provide(node))
  )
})
