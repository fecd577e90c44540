import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { Collection, Database } from "effect-optimystic"
import { fromSeed } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as Node from "../../layers/Node.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { NetworkName } from "../../schemas/Manifest.ts"
import { Entropy } from "../../services/Entropy.ts"
import * as Simulation from "../../simulator/Simulation.ts"
import * as Prng from "../../src/random/Prng.ts"
import * as Lines from "./Lines.ts"

// Without a cache each block is read from below, so that others get their turn in the middle of everything.
const node = Node.layerEmbedded("test" as NetworkName, { transactions: { cacheBytes: 0 } }).pipe(
  Layer.provide(MemoryStorage.layer),
  Layer.provide(NodeCrypto.layer(fromSeed(new Uint8Array(32).fill(7)))),
  Layer.provide(Layer.effect(Entropy, Entropy))
)

const SNAPSHOTS = 3
/** Some of which share a snapshot. */
const FIBERS = 8
const STEPS = 15

/** A database whose reads and commits take others' turns. */
const slowly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.zipLeft(Effect.zipRight(Effect.yieldNow(), effect), Effect.yieldNow())
const slow = (database: Database["Type"]): Database["Type"] => {
  const { get, transact, ...others } = database.transactor
  return {
    ...database,
    transactor: { ...others, get: (reads) => slowly(get(reads)), transact: (request) => slowly(transact(request)) }
  }
}

/** Fibers that act, update, sync and are interrupted, some of them on the same snapshot. Ends with all committed. */
const race = (seed: number) =>
  Effect.gen(function* () {
    const lines = yield* Collection.openOrCreate(Lines.define("lines", Lines.filterConflict))
    const snapshots = yield* Effect.replicateEffect(lines.snapshot, SNAPSHOTS)
    const texts: Array<string> = []

    const step = (prng: Prng.Prng, local: (typeof snapshots)[number], text: string) => {
      const insert = { data: { at: 0, text }, type: "insert" } as const
      const put = (act: typeof local.act) => Effect.map(act(insert), () => texts.push(text))
      switch (prng.nextInt(7)) {
        case 0:
          return local.update
        case 1:
          return local.sync
        case 2:
          return local.updateAndSync
        case 3:
          return Effect.raceFirst(local.updateAndSync, Effect.sleep(0))
        case 4:
          return put(lines.act)
        default:
          return put(local.act)
      }
    }

    const fiber = (prng: Prng.Prng, number: number) =>
      Effect.forEach(Array.from({ length: STEPS }), (_, i) =>
        Effect.gen(function* () {
          const local = snapshots[number % SNAPSHOTS]!
          const result = yield* Effect.either(Effect.asVoid(step(prng, local, `${number}.${i}`)))
          if (Either.isLeft(result) && result.left._tag !== "Conflict") return yield* result.left
          // What a snapshot shows is never half of something.
          const shown = yield* local.read(Lines.all)
          if (new Set(shown).size < shown.length) return yield* Effect.dieMessage(`twice: ${shown}`)
        })
      )
    const root = Prng.make(seed)
    yield* Effect.forEach(
      Array.from({ length: FIBERS }, (_, number) => root.fork(`fiber-${number}`)),
      fiber,
      { concurrency: "unbounded", discard: true }
    )
    for (const local of snapshots) yield* local.updateAndSync
    for (const local of snapshots) yield* local.update
    const views = yield* Effect.forEach(snapshots, (local) => local.read(Lines.all))
    return { committed: yield* lines.read(Lines.all), texts, views }
  })

describe("local snapshots in a race", () => {
  it("commit each action once, and show the same in the end, in every interleaving tried", () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { exit } = Simulation.run(Effect.updateService(race(seed), Database, slow).pipe(Effect.provide(node)), {
        seed
      })
      if (Exit.isFailure(exit)) throw new Error(`seed ${seed}: ${exit.cause}`)
      const { committed, texts, views } = exit.value
      expect([...committed].sort(), `seed ${seed}`).toEqual(texts.sort())
      for (const view of views) expect(view, `seed ${seed}`).toEqual(committed)
    }
  })
})
