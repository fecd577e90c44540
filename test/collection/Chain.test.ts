import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Chain, type Database, Node, Transaction } from "effect-optimystic"
import type { Json } from "../../schemas/Json.ts"
import * as Prng from "../../src/random/Prng.ts"
import { ArrayChain } from "../reference/ArrayChain.ts"

class Job extends Schema.Class<Job>("Job")({ number: Schema.Int, text: Schema.String }) {}
const Jobs = Chain.define("jobs", { entry: Job })
const job = (number: number, length = 0) => new Job({ number, text: "x".repeat(length) })

const collect = <A, E>(stream: Stream.Stream<A, E>) => Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const onANode = <A, E>(effect: Effect.Effect<A, E, Database>) => Effect.provide(effect, Node.layerLocal())

describe("Chain", () => {
  it.live("equals an array under random calls, also on a local snapshot", () =>
    onANode(
      Effect.gen(function* () {
        const prng = Prng.make("chain")
        const jobs = yield* Chain.openOrCreate(Jobs)
        const local = yield* jobs.snapshot
        const model = new ArrayChain()
        for (let step = 0; step < 150; step++) {
          // Each step on the one, brought to the other.
          const here = prng.nextInt(2) === 0
          const chain: Chain.Chain<Job> | Chain.ChainSnapshot<Job> = here ? local : jobs
          const count = prng.nextInt(40)
          switch (prng.nextInt(4)) {
            case 0:
              expect(yield* chain.pop(count)).toEqual(model.pop(count))
              break
            case 1:
              expect(yield* chain.dequeue(count)).toEqual(model.dequeue(count))
              break
            default: {
              const added = Array.from({ length: count }, (_, i) => job(step * 100 + i, prng.nextInt(2_000)))
              yield* chain.add(...added)
              model.add(...(added as unknown as ReadonlyArray<Json>))
            }
          }
          yield* here ? local.sync : local.update
          expect(yield* jobs.length).toBe(model.entries.length)
          expect(yield* local.length).toBe(model.entries.length)
          if (step % 10 === 0) {
            const from = prng.nextInt(model.entries.length + 2)
            const reverse = prng.nextInt(2) === 0
            const found = yield* collect(chain.select({ from, limit: 300, reverse }))
            expect(found).toEqual(model.select(from, 300, reverse))
            for (const entry of found) expect(entry).toBeInstanceOf(Job)
          }
        }
        expect(yield* collect(jobs.select())).toEqual(model.entries)
      })
    )
  )

  it.live("is a stack at its end, and a queue from its beginning", () =>
    onANode(
      Effect.gen(function* () {
        const letters = yield* Chain.openOrCreate(Chain.define("letters", { entry: Schema.String }))
        yield* letters.add("a", "b", "c", "d")
        expect(yield* letters.pop()).toEqual(["d"])
        expect(yield* letters.dequeue(2)).toEqual(["a", "b"])
        expect(yield* letters.pop(5)).toEqual(["c"])
        expect(yield* letters.dequeue()).toEqual([])
        expect(yield* letters.length).toBe(0)
      })
    )
  )

  it.live("of workers that take at once, each gets entries of its own; one that fails leaves its entry in place", () =>
    onANode(
      Effect.gen(function* () {
        const jobs = yield* Chain.openOrCreate(Jobs)
        yield* jobs.add(...Array.from({ length: 30 }, (_, number) => job(number)))
        const taken: Array<number> = []
        yield* Effect.replicateEffect(
          Effect.map(jobs.dequeue(3), (all) => taken.push(...all.map(({ number }) => number))),
          10,
          { concurrency: "unbounded" }
        )
        expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i))
        yield* jobs.add(job(7))
        yield* Effect.ignore(Transaction.run(Effect.zipRight(jobs.dequeue(), Effect.fail("stumbled"))))
        expect(yield* jobs.length).toBe(1)
      })
    )
  )

  it.live("refuses what does not fit, and changes nothing", () =>
    onANode(
      Effect.gen(function* () {
        const jobs = yield* Chain.openOrCreate(Jobs)
        const unfit = yield* Effect.flip(jobs.add(job(1), { number: 0.5, text: "" }))
        expect(unfit._tag).toBe("DecodeError")
        expect((yield* Effect.flip(jobs.add(job(1), job(2, 40_000))))._tag).toBe("LimitExceeded")
        expect((yield* Effect.flip(jobs.pop(-1)))._tag).toBe("DecodeError")
        expect((yield* Effect.flip(collect(jobs.select({ limit: 0.5 }))))._tag).toBe("Invalid")
        expect(yield* jobs.length).toBe(0)
        expect((yield* Effect.flip(Chain.open(Chain.define("nowhere", { entry: Job }))))._tag).toBe(
          "CollectionNotFound"
        )
      })
    )
  )

  it.live("an entry of another schema stays where it is", () =>
    onANode(
      Effect.gen(function* () {
        const texts = yield* Chain.openOrCreate(Chain.define("mixed", { entry: Schema.String }))
        const numbers = yield* Chain.open(Chain.define("mixed", { entry: Schema.Int }))
        yield* texts.add("a")
        expect((yield* Effect.flip(numbers.dequeue())).message).toContain("does not fit its schema")
        expect((yield* Effect.flip(collect(numbers.select())))._tag).toBe("DecodeError")
        expect(yield* texts.length).toBe(1)
      })
    )
  )
})
