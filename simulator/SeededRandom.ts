import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Prng } from "../src/random/Prng.ts"

/** Effect's `Random` drawn from a {@link Prng}, so that jittered schedules replay whatever the version of Effect. */
export const make = (prng: Prng): Random.Random => ({
  [Random.RandomTypeId]: Random.RandomTypeId,
  next: Effect.sync(() => prng.nextFloat()),
  nextBoolean: Effect.sync(() => prng.nextInt(2) === 1),
  nextInt: Effect.sync(() => prng.nextInt(Number.MAX_SAFE_INTEGER)),
  nextRange: (min, max) => Effect.sync(() => min + prng.nextFloat() * (max - min)),
  nextIntBetween: (min, max) => Effect.sync(() => min + prng.nextInt(max - min)),
  shuffle: (elements) => Effect.sync(() => Chunk.unsafeFromArray(prng.shuffle([...elements])))
})
