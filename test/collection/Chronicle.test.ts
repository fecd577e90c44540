import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Either, Fiber, Option, Schema, Stream } from "effect"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"
import { make as makeChronicle } from "../../src/collection/Chronicle.ts"
import * as Collection from "../../src/collection/Collection.ts"
import * as Prng from "../../src/random/Prng.ts"
import * as Database from "../../src/transaction/Database.ts"
import { CommitList, type NaiveChange } from "../reference/CommitList.ts"
import { nodes } from "./nodes.ts"

const Item = Schema.Struct({ key: Schema.Int, text: Schema.String })
const Items = Tree.define("items", { entry: Item, key: Schema.Int, keyOf: ({ key }) => key })
const Notes = Diary.define("notes", { entry: Schema.String })

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** Random transactions on a tree, each in one way or another. */
const randomCommit = (prng: Prng.Prng, items: Tree.Tree<typeof Item.Type, number>, model: CommitList) => {
  const entry = () => ({ key: prng.nextInt(200), text: `${model.rev} ${"x".repeat(prng.nextInt(300))}` })
  const put = (entry: typeof Item.Type): NaiveChange => ({ _tag: "Put", entry, key: entry.key })
  const kind = prng.nextInt(12)
  if (kind === 0) {
    model.commit([{ _tag: "Cleared" }])
    return items.clear
  }
  if (kind <= 3) {
    const present = new Set(model.at(model.rev).map(({ key }) => key))
    const keys = Array.from({ length: 5 }, () => prng.nextInt(200))
    const removed = [...new Set(keys)].filter((key) => present.has(key))
    if (removed.length > 0) model.commit(removed.map((key) => ({ _tag: "Removed", key })))
    return items.deleteAll(keys)
  }
  const entries = Array.from({ length: kind === 4 ? 150 : 1 + prng.nextInt(4) }, entry)
  model.commit(entries.map(put))
  return items.putAll(entries)
}

for (const [name, node] of Object.entries(nodes)) {
  describe(`The past of a collection, on ${name}`, () => {
    it.live("of a tree, equals a list of commits under random transactions", () =>
      Effect.gen(function* () {
        const prng = Prng.make("chronicle")
        const items = yield* Tree.openOrCreate(Items)
        const model = new CommitList()
        for (let step = 0; step < 150; step++) {
          yield* randomCommit(prng, items, model)
          if (step % 30 !== 29) continue
          const since = prng.nextInt(model.rev + 2)
          const changes = yield* collect(items.changes({ since }))
          expect(changes.map(({ changes, rev }) => ({ changes, rev }))).toEqual(model.since(since))
          for (const rev of [1, 1 + prng.nextInt(model.rev), model.rev]) {
            const past = yield* items.atRevision(rev)
            const expected = model.at(rev)
            expect(past.rev).toBe(rev)
            expect(yield* collect(past.range())).toEqual(expected)
            expect(yield* past.count()).toBe(expected.length)
            expect(Option.getOrUndefined(yield* past.last)).toEqual(expected.at(-1))
            const key = prng.nextInt(200)
            expect(Option.getOrUndefined(yield* past.get(key))).toEqual(expected.find((entry) => entry.key === key))
          }
        }
        const revisions = yield* collect(items.history())
        expect(revisions.map(({ rev }) => rev)).toEqual(model.commits.map((_, i) => i + 1))
        const [from, limit] = [70, 40]
        expect(yield* collect(items.history({ from, limit }))).toEqual(revisions.slice(from - 1, from - 1 + limit))
        expect(yield* collect(items.history({ reverse: true }))).toEqual([...revisions].reverse())
        expect(yield* collect(items.history({ from, limit, reverse: true }))).toEqual(
          revisions.slice(from - limit, from).reverse()
        )
        const report = yield* items.verify()
        expect(report.problems).toEqual([])
        expect(report).toMatchObject({ isComplete: true, pruned: 0, rev: model.rev, revisions: model.rev })
      }).pipe(Effect.provide(node))
    )

    it.live("of a diary, equals an array of what was appended", () =>
      Effect.gen(function* () {
        const notes = yield* Diary.openOrCreate(Notes)
        const model = Array.from({ length: 80 }, (_, rev) => [`${rev}`, "large ".repeat(rev % 9 === 0 ? 20_000 : 1)])
        for (const entries of model) yield* notes.appendAll(entries)
        for (const since of [0, 1, 33, 80, 81, 500]) {
          const changes = yield* collect(notes.changes({ since }))
          expect(changes.flatMap((commit) => commit.changes)).toEqual(model.slice(Math.max(0, since - 1)).flat())
        }
        for (const rev of [1, 2, 34, 81]) {
          const past = yield* notes.atRevision(rev)
          const expected = model.slice(0, rev - 1).flat()
          expect(yield* past.length).toBe(expected.length)
          expect(yield* collect(past.read({ reverse: true }))).toEqual([...expected].reverse())
        }
        expect(yield* notes.verify()).toMatchObject({ isComplete: true, problems: [], structureBlocks: 0 })
      }).pipe(Effect.provide(node))
    )
  })
}

describe("The past of a collection", () => {
  it.live("names each transaction, its author and the collections that it wrote", () =>
    Effect.gen(function* () {
      const items = yield* Tree.openOrCreate(Items)
      const notes = yield* Diary.openOrCreate(Notes)
      yield* Transaction.run(Effect.zipRight(items.put({ key: 1, text: "one" }), notes.append("one")))
      const [ofItems, ofNotes] = [yield* collect(items.history()), yield* collect(notes.history())]
      expect(ofItems[1]).toEqual({ ...ofNotes[1]!, actions: 1 })
      expect(ofItems[1]!.collections.map(({ rev }) => rev)).toEqual([2, 2])
      expect(ofItems[0]!.transaction).not.toBe(ofNotes[0]!.transaction)
      expect(ofItems[0]).toMatchObject({ actions: 0, author: ofNotes[0]!.author })
      const [change] = yield* collect(items.changes({ since: 1 }))
      expect(change).toMatchObject({ stampId: ofItems[1]!.stampId, time: ofItems[1]!.time })
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("is of what was committed, also inside a transaction that has written", () =>
    Effect.gen(function* () {
      const items = yield* Tree.openOrCreate(Items)
      yield* items.put({ key: 1, text: "committed" })
      yield* Transaction.run(
        Effect.gen(function* () {
          yield* items.put({ key: 1, text: "not yet" })
          const past = yield* items.atRevision(2)
          expect(Option.getOrUndefined(yield* past.get(1))?.text).toBe("committed")
          expect((yield* collect(items.changes())).length).toBe(2)
          expect(Option.getOrUndefined(yield* items.get(1))?.text).toBe("not yet")
        })
      )
      expect((yield* collect(items.changes())).length).toBe(3)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("has no revision before the first, after the latest, or between two", () =>
    Effect.gen(function* () {
      const items = yield* Tree.openOrCreate(Items)
      for (const rev of [0, -1, 2]) {
        const error = yield* Effect.flip(items.atRevision(rev))
        expect(error).toMatchObject({ _tag: "RevisionNotFound", collection: "items", latest: 1, rev })
      }
      for (const rev of [1.5, Number.NaN]) expect((yield* Effect.flip(items.atRevision(rev)))._tag).toBe("Invalid")
      for (const since of [-1, 0.5]) {
        expect((yield* Effect.flip(collect(items.changes({ since }))))._tag).toBe("Invalid")
        expect((yield* Effect.flip(collect(items.history({ from: since }))))._tag).toBe("Invalid")
      }
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("names the key of a change that does not fit the schema it is read with", () =>
    Effect.gen(function* () {
      const items = yield* Tree.openOrCreate(Items)
      yield* items.put({ key: 7, text: "seven" })
      const Others = Tree.define("items", {
        entry: Schema.Struct({ key: Schema.Int, text: Schema.Int }),
        key: Schema.Int,
        keyOf: ({ key }) => key
      })
      const others = yield* Tree.open(Others)
      const error = yield* Effect.flip(collect(others.changes()))
      expect(error).toMatchObject({ _tag: "DecodeError", collection: "items", key: 7 })
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("names the place in a diary of an entry that does not fit, counted from the first of all", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      for (let n = 0; n < 40; n++) yield* notes.appendAll([`${n}`, `${n} again`])
      const numbers = yield* Diary.open(Diary.define("notes", { entry: Schema.Int }))
      const error = yield* Effect.flip(collect(numbers.changes({ since: 36 })))
      expect(error).toMatchObject({ _tag: "DecodeError", collection: "notes", key: 70 })
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("is there for a collection of any kind that says how its actions are read", () =>
    Effect.gen(function* () {
      const collection = yield* Collection.openOrCreate({ kind: "counter", name: "count", placement: "together" })
      const add = (n: number) => collection.write(() => ({ actions: [{ data: n, type: "add" }], result: undefined }))
      yield* Effect.forEach([1, 2, 3], add)
      const chronicle = makeChronicle(collection, {
        decode: ({ data }) => Either.right([data]),
        view: (read) => ({ header: read((_reader, header) => header.kind) })
      })
      expect((yield* collect(chronicle.changes())).flatMap(({ changes }) => changes)).toEqual([1, 2, 3])
      expect(yield* (yield* chronicle.atRevision(2)).header).toBe("counter")
      expect(yield* chronicle.verify()).toMatchObject({ isComplete: true, problems: [], rev: 4 })
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})

describe("Following changes", () => {
  it.live("hears at once of what this node commits, and leaves nothing out", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      yield* notes.append("before")
      const follower = yield* notes.changes({ every: "1 hour", follow: true }).pipe(
        Stream.flatMap(({ changes }) => Stream.fromIterable(changes)),
        Stream.take(101),
        Stream.runCollect,
        Effect.fork
      )
      yield* Effect.forEach(Array.from({ length: 100 }), (_, n) => notes.append(`${n}`), { concurrency: 4 })
      const heard = Chunk.toReadonlyArray(yield* Fiber.join(follower))
      expect(heard).toEqual(yield* collect(notes.read()))
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("looks from time to time for what others commit to the same store", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      const follower = yield* notes
        .changes({ every: "5 millis", follow: true, since: 1 })
        .pipe(Stream.take(1), Stream.runCollect, Effect.fork)
      const others = Effect.flatMap(Diary.open(Notes), (same) => same.append("from elsewhere"))
      yield* Effect.provide(others, Database.layer())
      const [commit] = Chunk.toReadonlyArray(yield* Fiber.join(follower))
      expect(commit?.changes).toEqual(["from elsewhere"])
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("leaves nothing behind when it ends", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      const { commits } = yield* Database.Database
      yield* notes.changes({ follow: true }).pipe(Stream.take(1), Stream.runDrain)
      expect(commits.followed).toBe(0)
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
