/** Entries that are appended to diaries, to several in one transaction, and read again. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Diary from "../../src/collection/Diary.ts"
import type { Body, Run, Workload } from "./Workload.ts"

/** How much there is of it. */
export interface Shape {
  readonly diaries: number
}

export const defaultShape: Shape = { diaries: 4 }

/** The workload, for clients of a cluster. */
export const workload = (shape: Shape = defaultShape): Workload => {
  const definitions = Array.from({ length: shape.diaries }, (_, i) => Diary.define(`diary-${i}`, { entry: Schema.Int }))

  const append = (index: number, { done, nextValue }: Run) =>
    Effect.flatMap(Diary.open(definitions[index]!), (diary) => {
      const value = nextValue()
      return Effect.map(diary.append(value), () => void done.push({ key: diary.name, type: "append", value }))
    })

  const read = (index: number, { done }: Run) =>
    Effect.flatMap(Diary.open(definitions[index]!), (diary) =>
      Effect.map(
        Stream.runCollect(diary.read()),
        (entries) => void done.push({ key: diary.name, type: "read", values: Chunk.toReadonlyArray(entries) })
      )
    )

  const all = definitions.map((_, index) => index)
  const forAll =
    (indexes: ReadonlyArray<number>, perform: typeof append | typeof read): Body =>
    (run) =>
      Effect.forEach(indexes, (index) => perform(index, run), { discard: true })

  return {
    name: "diary",
    next: (prng) => {
      const some = prng.shuffle(all).slice(0, 1 + prng.nextInt(2))
      return forAll(some, prng.nextInt(3) === 0 ? read : append)
    },
    readAll: forAll(all, read),
    setUp: definitions.map((definition) => () => Effect.asVoid(Diary.openOrCreate(definition)))
  }
}
