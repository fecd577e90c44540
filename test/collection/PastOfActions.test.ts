import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Block, Chain, Collection } from "effect-optimystic"
import type { Json } from "../../schemas/Json.ts"
import * as Prng from "../../src/random/Prng.ts"
import { ArrayChain } from "../reference/ArrayChain.ts"
import { nodes } from "./nodes.ts"

const Job = Schema.Struct({ number: Schema.Int, text: Schema.String })
const Jobs = Chain.define("jobs", { entry: Job })

const Count = Block.define("count", { value: Schema.Int })
const Visits = Collection.define("visits", {
  actions: {
    add: Collection.action(Schema.Int, (store, root, by) => {
      Count.set(store, root, { value: Count.get(store, root).value + by })
    })
  },
  create: (store) => Count.insert(store, { value: 0 }),
  kind: "counter"
})

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

/** What a chain is told to do next: always something that has an effect. */
const nextAction = (prng: Prng.Prng, step: number, length: number): Chain.ChainAction<typeof Job.Type> => {
  const kind = prng.nextInt(4)
  if (kind > 1 || length === 0) {
    const count = 1 + prng.nextInt(40)
    const text = "x".repeat(prng.nextInt(300))
    return { data: Array.from({ length: count }, (_, i) => ({ number: step * 100 + i, text })), type: "add" }
  }
  return { data: 1 + prng.nextInt(length), type: kind === 0 ? "pop" : "dequeue" }
}

for (const [name, node] of Object.entries(nodes)) {
  describe(`The past of what is done by actions, on ${name}`, () => {
    it.live("of a chain, is all that was done to it, and what it was after each", () =>
      Effect.gen(function* () {
        const prng = Prng.make("past of a chain")
        const jobs = yield* Chain.openOrCreate(Jobs)
        const model = new ArrayChain()
        const done: Array<unknown> = []
        const states: Array<ReadonlyArray<Json>> = [[]]
        for (let step = 0; step < 60; step++) {
          const action = nextAction(prng, step, model.entries.length)
          if (action.type === "add") {
            yield* jobs.add(...action.data)
            model.add(...(action.data as unknown as ReadonlyArray<Json>))
          } else {
            expect(yield* jobs[action.type](action.data)).toEqual(model[action.type](action.data))
          }
          done.push(action)
          states.push([...model.entries])
        }
        for (const since of [0, 1, 33, 61, 500]) {
          const changes = yield* collect(jobs.changes({ since }))
          expect(changes.flatMap((commit) => commit.changes)).toEqual(done.slice(Math.max(0, since - 1)))
        }
        for (const rev of [1, 2, 34, 61]) {
          const past = yield* jobs.atRevision(rev)
          const expected = states[rev - 1]!
          expect(past.rev).toBe(rev)
          expect(yield* past.length).toBe(expected.length)
          expect(yield* collect(past.select({ reverse: true }))).toEqual([...expected].reverse())
        }
        expect((yield* collect(jobs.history())).map(({ rev }) => rev)).toEqual(states.map((_, i) => i + 1))
        expect(yield* jobs.verify()).toMatchObject({ isComplete: true, problems: [], rev: states.length })
      }).pipe(Effect.provide(node))
    )

    it.live("of a collection of one's own, is its actions, and its blocks as they were", () =>
      Effect.gen(function* () {
        const visits = yield* Collection.openOrCreate(Visits)
        const added = Array.from({ length: 40 }, (_, i) => i * i)
        for (const data of added) yield* visits.act({ data, type: "add" })
        const changes = yield* collect(visits.changes({ since: 11 }))
        expect(changes.map(({ changes, rev }) => ({ changes, rev }))).toEqual(
          added.slice(10).map((data, i) => ({ changes: [{ data, type: "add" }], rev: i + 12 }))
        )
        for (const rev of [1, 2, 33, 41]) {
          const past = yield* visits.atRevision(rev)
          const sum = added.slice(0, rev - 1).reduce((total, data) => total + data, 0)
          expect(yield* past.read(Count.get)).toEqual({ value: sum })
        }
        const latest = yield* collect(visits.history({ limit: 1, reverse: true }))
        expect(latest.map(({ rev }) => rev)).toEqual([41])
        expect(yield* visits.verify()).toMatchObject({ isComplete: true, problems: [], revisions: 41 })
      }).pipe(Effect.provide(node))
    )
  })
}
