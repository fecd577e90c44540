import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { type Database, Diary, Node, Tree } from "effect-optimystic"
import * as Prng from "../../src/random/Prng.ts"
import { NaiveCollection, NaiveSnapshot } from "../reference/NaiveSnapshots.ts"

const Item = Schema.Struct({ count: Schema.Int, key: Schema.Int })
type Item = typeof Item.Type
type Change = Tree.TreeChange<Item, number>

const itemsWith = (filterConflict?: Tree.TreeConflictFilter<Item, number>) =>
  Tree.define("items", {
    entry: Item,
    key: Schema.Int,
    keyOf: ({ key }) => key,
    ...(filterConflict !== undefined && { filterConflict })
  })
const Items = itemsWith()

const put = (key: number, count: number): Change => ({ _tag: "Put", entry: { count, key }, key })
const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const onANode = <A, E>(effect: Effect.Effect<A, E, Database>) => Effect.provide(effect, Node.layerLocal())

/** Entries by key, plainly. */
const perform = (items: ReadonlyArray<Item>, change: Change): ReadonlyArray<Item> => {
  if (change._tag === "Cleared") return []
  const others = items.filter(({ key }) => key !== change.key)
  return change._tag === "Removed" ? others : [...others, change.entry].sort((a, b) => a.key - b.key)
}

describe("a local snapshot of a tree", () => {
  it.live("equals a naive model under random changes of its own and of others", () =>
    onANode(
      Effect.gen(function* () {
        const prng = Prng.make("tree snapshots")
        const firstWins = (own: Change, others: ReadonlyArray<Change>) =>
          own._tag !== "Cleared" && others.some((other) => other._tag !== "Cleared" && other.key === own.key)
            ? undefined
            : own
        const items = yield* Tree.openOrCreate(itemsWith(firstWins))
        const model = new NaiveCollection<ReadonlyArray<Item>, Change>([], perform, firstWins)
        const local = yield* items.snapshot
        const naive = new NaiveSnapshot(model)
        for (let step = 0; step < 150; step++) {
          const key = prng.nextInt(60)
          const kind = prng.nextInt(12)
          if (kind < 3) {
            yield* local.put({ count: step, key })
            naive.act(put(key, step))
          } else if (kind === 3) {
            yield* local.delete(key)
            naive.act({ _tag: "Removed", key })
          } else if (kind === 4 && step % 5 === 0) {
            yield* local.clear
            naive.act({ _tag: "Cleared" })
          } else if (kind < 7) {
            const entries = Array.from({ length: 1 + prng.nextInt(30) }, (_, i) => ({ count: step, key: key + i }))
            yield* items.putAll(entries)
            model.commit(entries.map((entry) => put(entry.key, entry.count)))
          } else if (kind === 7) {
            // A tree does not keep in its log what changes nothing.
            if (yield* items.delete(key)) model.commit([{ _tag: "Removed", key }])
          } else if (kind < 10) {
            yield* local.update
            naive.update()
          } else {
            yield* local.updateAndSync
            naive.update()
            // Nor does a snapshot then commit it.
            const state = JSON.stringify(model.state(model.log.length, []))
            if (JSON.stringify(naive.state) === state && naive.pending.every(({ _tag }) => _tag === "Removed")) {
              naive.pending = []
            } else naive.sync()
          }
          expect(yield* collect(local.range())).toEqual(naive.state)
          expect(yield* local.pending).toEqual(naive.pending)
          expect(local.rev - 1).toBe(naive.base)
        }
        expect(yield* collect(items.range())).toEqual(model.state(model.log.length, []))
      })
    )
  )

  it.live("what is put here is seen here at once, and by others once it is committed", () =>
    onANode(
      Effect.gen(function* () {
        const items = yield* Tree.openOrCreate(Items)
        const [local, other] = [yield* items.snapshot, yield* items.snapshot]
        yield* local.putAll([
          { count: 1, key: 1 },
          { count: 2, key: 2 }
        ])
        yield* local.act({ _tag: "Removed", key: 2 }, put(3, 3))
        expect(yield* local.count()).toBe(2)
        expect(yield* items.count()).toBe(0)
        yield* local.sync
        expect(yield* items.count()).toBe(2)
        expect(yield* other.count()).toBe(0)
        yield* other.update
        expect(yield* collect(other.range({ reverse: true }))).toEqual([
          { count: 3, key: 3 },
          { count: 1, key: 1 }
        ])
        expect(local.rev).toBe(other.rev)
      })
    )
  )

  it.live("what has no effect is not committed, and pending no more", () =>
    onANode(
      Effect.gen(function* () {
        const items = yield* Tree.openOrCreate(Items)
        const local = yield* items.snapshot
        const { rev } = local
        yield* local.delete(5)
        expect(yield* local.pending).toHaveLength(1)
        yield* local.sync
        expect(yield* local.pending).toEqual([])
        expect((yield* items.snapshot).rev).toBe(rev)
      })
    )
  )

  it.live("refuses an entry that does not fit, or has another key, with all that came with it", () =>
    onANode(
      Effect.gen(function* () {
        const local = yield* (yield* Tree.openOrCreate(Items)).snapshot
        const unfit = yield* Effect.flip(
          local.putAll([
            { count: 1, key: 1 },
            { count: 0.5, key: 2 }
          ])
        )
        expect(unfit._tag).toBe("DecodeError")
        const other = yield* Effect.flip(local.act({ _tag: "Put", entry: { count: 1, key: 2 }, key: 1 }))
        expect(other._tag).toBe("Invalid")
        expect(yield* local.count()).toBe(0)
        expect(yield* local.pending).toEqual([])
      })
    )
  )

  it.live("a stream that is under way goes on with the state that it began with", () =>
    onANode(
      Effect.gen(function* () {
        const items = yield* Tree.openOrCreate(Items)
        yield* items.putAll(Array.from({ length: 2_000 }, (_, key) => ({ count: 0, key })))
        const local = yield* items.snapshot
        const seen = yield* collect(
          Stream.tap(local.range(), ({ key }) =>
            key === 700 ? Effect.zipRight(items.clear, local.update) : Effect.void
          )
        )
        expect(seen).toHaveLength(2_000)
        expect(yield* local.count()).toBe(0)
      })
    )
  )
})

describe("a local snapshot of a diary", () => {
  const notesWith = (filterConflict?: (own: string, others: ReadonlyArray<string>) => string | undefined) =>
    Diary.define("notes", { entry: Schema.String, ...(filterConflict !== undefined && { filterConflict }) })

  it.live("what is appended here comes after what others appended first", () =>
    onANode(
      Effect.gen(function* () {
        const notes = yield* Diary.openOrCreate(notesWith())
        yield* notes.append("a")
        const local = yield* notes.snapshot
        yield* local.appendAll(["b", "c"])
        yield* local.act("d")
        yield* notes.append("x")
        expect(yield* collect(local.read())).toEqual(["a", "b", "c", "d"])
        expect(yield* collect(local.read({ limit: 2, reverse: true }))).toEqual(["d", "c"])
        expect((yield* Effect.flip(local.sync))._tag).toBe("Conflict")
        yield* local.update
        expect(yield* collect(local.read())).toEqual(["a", "x", "b", "c", "d"])
        expect(yield* local.length).toBe(5)
        yield* local.sync
        expect(yield* local.pending).toEqual([])
        expect(yield* local.length).toBe(5)
        expect(yield* collect(notes.read())).toEqual(["a", "x", "b", "c", "d"])
      })
    )
  )

  it.live("a conflict filter may drop what others have said already", () =>
    onANode(
      Effect.gen(function* () {
        const once = (own: string, others: ReadonlyArray<string>) => (others.includes(own) ? undefined : own)
        const notes = yield* Diary.openOrCreate(notesWith(once))
        const local = yield* notes.snapshot
        yield* local.appendAll(["a", "b"])
        yield* notes.append("a")
        yield* local.updateAndSync
        expect(yield* collect(notes.read())).toEqual(["a", "b"])
      })
    )
  )
})
