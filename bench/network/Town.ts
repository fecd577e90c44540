/** A network of nodes in several processes: each joins by the first, and the first ones are its founders. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Identity, NodeCrypto } from "effect-optimystic/layers"
import type { PeerId } from "effect-optimystic/schemas"
import { Signer } from "effect-optimystic/services"
import { type NodeProcess, startNodes } from "./NodeProcess.ts"
import type { StartedNode } from "./questions.ts"

/** How many nodes keep a key. */
export const CLUSTER_SIZE = 4

/** Who a node is, by the byte of its seed. */
const peerOf = (seed: number): Effect.Effect<PeerId> =>
  Effect.map(
    Effect.provide(Signer, NodeCrypto.layerSigner(Identity.fromSeed(new Uint8Array(32).fill(seed)))),
    ({ peer }) => peer
  )

/** A network that runs. */
export interface Town {
  readonly processes: ReadonlyArray<NodeProcess>
  /** All nodes, in the order in which they joined. */
  readonly nodes: ReadonlyArray<StartedNode>
  /** One more node joins, in one of the processes. */
  readonly join: (where: NodeProcess) => Effect.Effect<StartedNode>
}

/** All nodes of some processes know some peers, and that they are active. */
export const allKnow = (processes: ReadonlyArray<NodeProcess>, peers: ReadonlyArray<PeerId>): Effect.Effect<void> =>
  Effect.forEach(processes, ({ ask }) => ask({ _tag: "Know", peers }), { concurrency: "unbounded", discard: true })

/** Starts a process for each size, with so many nodes: one node after the other, which wait for nobody. */
export const startTown = (sizes: ReadonlyArray<number>, program?: string): Effect.Effect<Town, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const seeds = Array.from({ length: CLUSTER_SIZE }, (_, i) => i + 1)
    const founders = yield* Effect.forEach(seeds, peerOf)
    const processes = yield* Effect.forEach(sizes, () => startNodes([], program), { concurrency: "unbounded" })
    const nodes: Array<StartedNode> = []
    const join = (where: NodeProcess) =>
      Effect.suspend(() => {
        const seed = nodes.length + 1
        const node = {
          bootstrap: nodes.slice(0, 1).map(({ addresses, peer }) => `${addresses[0]}/p2p/${peer}`),
          clusterSize: CLUSTER_SIZE,
          faultModel: "byzantine" as const,
          founders: seed <= CLUSTER_SIZE ? founders : [],
          network: "bench",
          seed
        }
        return Effect.map(where.ask({ _tag: "Start", node }), ({ node: started }) => {
          nodes.push(started)
          return started
        })
      })
    for (const [i, size] of sizes.entries()) yield* Effect.replicateEffect(join(processes[i]!), size, { discard: true })
    return { join, nodes, processes }
  })
