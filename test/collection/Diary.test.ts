import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Diary, Node } from "effect-optimystic"
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
})
