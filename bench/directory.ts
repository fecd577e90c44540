/**
 * Benchmarks of who is close to a key: from memory, and looked up in a simulated network of ten thousand peers that know two
 * hundred each.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { NodeCrypto } from "effect-optimystic/layers"
import { Directory, Hasher, KeyNetwork } from "effect-optimystic/services"
import { Crowd, Lookups } from "effect-optimystic/simulator"
import { allOf, atLeast, atMost, type Benchmark, collectGarbage, timed } from "./harness.ts"
import { keysOf } from "./network/keys.ts"

const hasher = Effect.provide(Hasher, NodeCrypto.layerHasher)

const KNOWN = 1_000
const KEYS = 10_000
const CLUSTER_SIZE = 4
const MICROS_PER_MILLI = 1_000

/** Who is closest to a key among a thousand peers that a directory knows. */
export const keyClosest: Benchmark = {
  durable: false,
  name: "key.closest",
  prepare: () =>
    Effect.gen(function* () {
      const sha = yield* hasher
      const node = yield* Layer.build(Crowd.layer(sha, 1, KNOWN))
      const directory = Context.get(node, Directory)
      const { closest } = Context.get(node, KeyNetwork)
      yield* Effect.repeat(Effect.sleep("50 millis"), { until: () => directory.known().length >= KNOWN })
      const keys = keysOf(sha, KEYS)
      return Effect.gen(function* () {
        yield* collectGarbage
        const millis = yield* timed(
          Effect.sync(() => {
            for (const key of keys)
              if (closest(key, CLUSTER_SIZE).length < CLUSTER_SIZE) throw new Error("too few are close")
          })
        )
        return { value: (millis * MICROS_PER_MILLI) / KEYS }
      })
    }),
  runs: 5,
  target: atMost(200),
  unit: "µs"
}

const PERCENT = 100

/** Look-ups of a thousand keys, in a network of ten thousand; minutes, most of them until all have joined. */
const lookup: Benchmark = {
  durable: false,
  isLong: true,
  name: "directory.lookup",
  prepare: () =>
    Effect.gen(function* () {
      const world = Lookups.settledWorld(yield* hasher, Lookups.fullTrial)
      return Effect.sync(() => {
        const scores = Lookups.COMPANIES.map(
          (company) => [company, Lookups.scoreIn(world, company, Lookups.fullTrial)] as const
        )
        const figures = scores.flatMap(([company, { mean, most, p99, right }]) => [
          [company, right * PERCENT] as const,
          [`${company}.mean`, mean] as const,
          [`${company}.p99`, p99] as const,
          [`${company}.most`, most] as const
        ])
        const [[, honest]] = scores as unknown as readonly [(typeof scores)[number]]
        return { value: honest.right * PERCENT, ...Object.fromEntries(figures) }
      })
    }),
  runs: 1,
  target: allOf(
    atLeast(99.9),
    atMost(12, "honest.mean"),
    ...Lookups.COMPANIES.filter((company) => company !== "honest").map((company) => atLeast(99, company))
  ),
  unit: "% right"
}

/** All of who is close to a key. */
export const directories: ReadonlyArray<Benchmark> = [keyClosest, lookup]
