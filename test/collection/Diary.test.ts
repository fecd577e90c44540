import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Diary, Node, Transaction } from "effect-optimystic"
import * as Prng from "../../src/random/Prng.ts"

const Note = Schema.Struct({ n: Schema.Int, text: Schema.String })
const Notes = Diary.define("notes", { entry: Note })

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

describe("Diary", () => {
  it.live("equals an array under random appends", () =>
    Effect.gen(function* () {
      const prng = Prng.make("diary")
      const notes = yield* Diary.openOrCreate(Notes)
      const model: Array<typeof Note.Type> = []
      for (let step = 0; step < 300; step++) {
        const count = prng.nextInt(10) === 0 ? 200 : prng.nextInt(5)
        const entries = Array.from({ length: count }, (_, i) => ({
          n: model.length + i,
          text: "x".repeat(prng.nextInt(200))
        }))
        yield* notes.appendAll(entries)
        model.push(...entries)
        expect(yield* notes.length).toBe(model.length)
        if (step % 20 === 0) {
          const [from, limit] = [prng.nextInt(model.length + 2), prng.nextInt(400)]
          expect(yield* collect(notes.read({ from, limit }))).toEqual(model.slice(from, from + limit))
          const back = yield* collect(notes.read({ from, limit, reverse: true }))
          expect(back).toEqual(
            model
              .slice(0, from + 1)
              .reverse()
              .slice(0, limit)
          )
        }
      }
      expect(yield* collect(notes.read())).toEqual(model)
      expect(yield* collect(notes.read({ reverse: true }))).toEqual([...model].reverse())
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("inside a transaction, what it appends follows what is there", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      const note = (n: number) => ({ n, text: "" })
      yield* notes.appendAll([0, 1, 2].map(note))
      yield* Transaction.run(
        Effect.gen(function* () {
          yield* notes.appendAll([3, 4].map(note))
          const read = (options: Diary.ReadOptions) =>
            Effect.map(collect(notes.read(options)), (all) => all.map(({ n }) => n))
          expect(yield* notes.length).toBe(5)
          expect(yield* read({})).toEqual([0, 1, 2, 3, 4])
          expect(yield* read({ from: 2, limit: 2 })).toEqual([2, 3])
          expect(yield* read({ from: 4 })).toEqual([4])
          expect(yield* read({ from: 5 })).toEqual([])
          expect(yield* read({ reverse: true })).toEqual([4, 3, 2, 1, 0])
          expect(yield* read({ from: 3, limit: 2, reverse: true })).toEqual([3, 2])
          expect(yield* read({ from: 1, reverse: true })).toEqual([1, 0])
        })
      )
      expect(yield* notes.length).toBe(5)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("refuses an entry that does not fit its schema, with all that came with it", () =>
    Effect.gen(function* () {
      const notes = yield* Diary.openOrCreate(Notes)
      const failure = yield* Effect.flip(
        notes.appendAll([
          { n: 1, text: "good" },
          { n: 1.5, text: "bad" }
        ])
      )
      expect(failure._tag).toBe("DecodeError")
      expect(yield* notes.length).toBe(0)
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("takes many entries at once, and reads them in no more than linear time", () =>
    Effect.gen(function* () {
      const Numbers = Diary.define("numbers", { entry: Schema.Int })
      const numbers = yield* Diary.openOrCreate(Numbers)
      const all = Array.from({ length: 150_000 }, (_, i) => i)
      yield* numbers.appendAll(all)
      expect(yield* collect(numbers.read())).toEqual(all)
      for (const from of [-1, 0.5, Number.NaN]) {
        expect(yield* Effect.flip(collect(numbers.read({ from })))).toMatchObject({ _tag: "Invalid" })
      }
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
