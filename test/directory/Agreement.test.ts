import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inSimulation } from "../simulator/inSimulation.ts"
import { DirectoryNetwork, type DirectoryNode, markedBy, mistakenKeys } from "./nodes.ts"

const NODES = 20
const AGREED_MILLIS = 5_000
/** How long it takes to notice who is gone: silence, and two answers that do not come. */
const LIVENESS_MILLIS = 15_000

/** Nodes that join one after the other, each by the one before. */
const joined = (network: DirectoryNetwork, count: number) =>
  Effect.gen(function* () {
    const nodes: Array<DirectoryNode> = []
    for (let i = 0; i < count; i++) {
      nodes.push(yield* network.start(nodes.slice(-1).map(({ peer }) => peer)))
      yield* Effect.sleep("200 millis")
    }
    return nodes
  })

describe("Directories agree", () => {
  it("20 nodes give the same closest 4 for 1,000 keys within 5 s of the last join, and when 5 have died, which are marked", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("agreement")
        const nodes = yield* joined(network, NODES)
        yield* Effect.sleep(AGREED_MILLIS)
        const peers = nodes.map(({ peer }) => peer)
        for (const node of nodes) expect(mistakenKeys(node, peers)).toEqual([])
        const dead = nodes.filter((_, i) => i % 4 === 1)
        for (const { stop } of dead) yield* stop
        yield* Effect.sleep(LIVENESS_MILLIS)
        const gone = dead.map(({ peer }) => peer).toSorted()
        for (const node of nodes.filter((other) => !dead.includes(other))) {
          expect(markedBy(node)).toEqual(gone)
          expect(mistakenKeys(node, peers)).toEqual([])
        }
        const late = yield* network.start([nodes[0]!.peer])
        yield* Effect.sleep(AGREED_MILLIS)
        for (const node of [late, nodes[0]!]) expect(mistakenKeys(node, [...peers, late.peer])).toEqual([])
      })
    ))
})
