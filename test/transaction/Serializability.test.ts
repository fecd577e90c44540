import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { fromSeed } from "../../layers/crypto/Identity.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as Node from "../../layers/Node.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { NetworkName } from "../../schemas/Manifest.ts"
import { Entropy } from "../../services/Entropy.ts"
import * as StrictSerializability from "../../simulator/checker/StrictSerializability.ts"
import * as Simulation from "../../simulator/Simulation.ts"
import * as ListAppend from "../../simulator/workloads/ListAppend.ts"
import * as Prng from "../../src/random/Prng.ts"

const identity = fromSeed(new Uint8Array(32).fill(7))

const nodeOn = (policy: Partial<Node.NodePolicy>) =>
  Node.layerEmbedded("test" as NetworkName, policy).pipe(
    Layer.provide(MemoryStorage.layer),
    Layer.provide(NodeCrypto.layer(identity)),
    Layer.provide(Layer.effect(Entropy, Entropy))
  )

const simulate = (seed: number, options: Partial<ListAppend.Options>, policy: Partial<Node.NodePolicy> = {}) =>
  Simulation.run(ListAppend.run(Prng.make(seed), options).pipe(Effect.provide(nodeOn(policy))), { seed })

const historyOf = <E>(result: Simulation.Result<StrictSerializability.History, E>) => {
  if (Exit.isFailure(result.exit)) throw new Error(String(result.exit.cause))
  return result.exit.value
}

const explain = (history: StrictSerializability.History) =>
  StrictSerializability.check(history).map(StrictSerializability.explain).join("\n\n")

describe("strict serializability", () => {
  it.live(
    "16 fibers × 500 transactions over 4 collections are strictly serializable",
    () =>
      Effect.gen(function* () {
        const history = yield* ListAppend.run(Prng.make(1), { fibers: 16, transactions: 500 })
        expect(explain(history)).toBe("")
        const aborted = history.filter(({ committed }) => committed === false).length
        expect(history.length).toBe(16 * 500 + 1)
        // Waiting in turn after a conflict, next to none gives up.
        expect(aborted).toBeLessThan(history.length / 100)
      }).pipe(Effect.provide(Node.layerLocal())),
    120_000
  )

  it("every interleaving tried is strictly serializable", () => {
    for (let seed = 1; seed <= 15; seed++) {
      expect(`${seed}: ${explain(historyOf(simulate(seed, { fibers: 6, transactions: 20 })))}`).toBe(`${seed}: `)
    }
  })

  it("a seed replays: the same trace, the same history", () => {
    const options = { fibers: 4, transactions: 10 }
    const [first, second, other] = [simulate(5, options), simulate(5, options), simulate(6, options)]
    expect(second.traceHash).toBe(first.traceHash)
    expect(historyOf(second)).toEqual(historyOf(first))
    expect(other.traceHash).not.toBe(first.traceHash)
  })

  it("without validation of reads the checker finds a cycle, and names it", () => {
    const unvalidated: Partial<Node.NodePolicy> = { storage: { validateReads: false } }
    const found: Array<string> = []
    for (let seed = 1; seed <= 20 && found.length === 0; seed++) {
      const history = historyOf(simulate(seed, { transactions: 20 }, unvalidated))
      found.push(...StrictSerializability.check(history).map(StrictSerializability.explain))
    }
    expect(found[0]).toMatch(/^G/)
  })
})
