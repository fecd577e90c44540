import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Diary, Node, Tree } from "effect-optimystic"

/** A schema that counts how often it decodes. */
const counted = () => {
  const counts = { decoded: 0 }
  const Item = Schema.transform(
    Schema.Struct({ key: Schema.Int, text: Schema.String }),
    Schema.Struct({ key: Schema.Int, text: Schema.String }),
    {
      decode: (stored) => {
        counts.decoded += 1
        return stored
      },
      encode: (entry) => entry,
      strict: true
    }
  )
  return { Item, counts }
}

const ENTRIES = 500
const entries = Array.from({ length: ENTRIES }, (_, key) => ({ key, text: "x".repeat(200) }))
const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

describe("Entries are decoded", () => {
  it.live("once per immutable leaf, and anew only where a leaf has changed", () =>
    Effect.gen(function* () {
      const { counts, Item } = counted()
      const items = yield* Tree.openOrCreate(
        Tree.define("items", { entry: Item, key: Schema.Int, keyOf: (i) => i.key })
      )
      yield* items.putAll(entries)
      const first = yield* collect(items.range())
      expect(counts.decoded).toBe(ENTRIES)
      const again = yield* collect(items.range())
      expect(counts.decoded).toBe(ENTRIES)
      // Not only equal: what is shared is given to all.
      expect(again.every((entry, i) => entry === first[i])).toBe(true)
      expect(yield* Effect.flatMap(items.atRevision(2), (past) => collect(past.range()))).toEqual(first)
      yield* items.put({ key: 7, text: "changed" })
      yield* collect(items.range())
      // Entries of a changed leaf that stayed the same are shared with the leaf before.
      expect(counts.decoded).toBeLessThanOrEqual(ENTRIES + 1)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("anew where the block has left memory: what was decoded is kept beside it, and goes with it", () =>
    Effect.gen(function* () {
      const { counts, Item } = counted()
      const items = yield* Tree.openOrCreate(
        Tree.define("items", { entry: Item, key: Schema.Int, keyOf: (i) => i.key })
      )
      yield* items.putAll(entries)
      yield* collect(items.range())
      yield* collect(items.range())
      expect(counts.decoded).toBe(2 * ENTRIES)
    }).pipe(
      Effect.provide(
        Node.layerLocal({ policy: { storage: { cacheBytes: 0 }, transactions: { cacheBytes: 0, pastCacheBytes: 0 } } })
      )
    )
  )

  it.live("once per log block, in a diary", () =>
    Effect.gen(function* () {
      const { counts, Item } = counted()
      const notes = yield* Diary.openOrCreate(Diary.define("notes", { entry: Item }))
      for (let n = 0; n < ENTRIES; n += 50) yield* notes.appendAll(entries.slice(n, n + 50))
      yield* collect(notes.read())
      yield* collect(notes.read({ reverse: true }))
      expect(counts.decoded).toBe(ENTRIES)
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
