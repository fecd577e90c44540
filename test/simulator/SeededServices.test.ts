import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { Entropy } from "../../services/Entropy.ts"
import * as SeededEntropy from "../../simulator/SeededEntropy.ts"
import * as SeededRandom from "../../simulator/SeededRandom.ts"
import * as Prng from "../../src/random/Prng.ts"

describe("seeded entropy", () => {
  const draw = (seed: number | string) =>
    Effect.runSync(
      Effect.provide(
        Effect.map(Entropy, (entropy) => [entropy.bytes(5), entropy.bytes(5)] as const),
        SeededEntropy.layer(seed)
      )
    )

  it("gives a seed's bytes, and goes on from draw to draw", () => {
    const [first, second] = draw("node-1")
    expect(first).toEqual(Prng.make("node-1").bytes(5))
    expect(second).not.toEqual(first)
    expect(draw("node-1")).toEqual([first, second])
    expect(draw("node-2")).not.toEqual([first, second])
  })
})

describe("seeded Random", () => {
  const draw = <A>(effect: Effect.Effect<A>, seed = 1): A =>
    Effect.runSync(Effect.withRandom(effect, SeededRandom.make(Prng.make(seed))))
  const many = <A>(effect: Effect.Effect<A>) => draw(Effect.replicateEffect(effect, 500))

  it("keeps to the bounds that Effect promises", () => {
    for (const value of many(Random.next)) expect(value >= 0 && value < 1).toBe(true)
    for (const value of many(Random.nextRange(5, 7))) expect(value >= 5 && value < 7).toBe(true)
    for (const value of many(Random.nextInt)) expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
    expect(new Set(many(Random.nextIntBetween(-1, 2)))).toEqual(new Set([-1, 0, 1]))
    expect(new Set(many(Random.nextBoolean))).toEqual(new Set([true, false]))
  })

  it("shuffles what it is given, by the seed", () => {
    const shuffled = (seed: number) => Chunk.toReadonlyArray(draw(Random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]), seed))
    expect([...shuffled(1)].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(shuffled(1)).toEqual(shuffled(1))
    expect(shuffled(1)).not.toEqual(shuffled(2))
  })
})
