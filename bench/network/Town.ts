/** A network of nodes in several processes: each joins by the first, and the first ones are its founders. */
import type * as RpcClientError from "@effect/rpc/RpcClientError"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { NodeCrypto } from "effect-optimystic/layers"
import type { PeerId } from "effect-optimystic/schemas"
import { Signer } from "effect-optimystic/services"
import { builtProgram } from "../processes/builtProgram.ts"
import * as ChildProcess from "../processes/ChildProcess.ts"
import type { NodeFailed, StartedNode } from "../processes/NodeRpcs.ts"
import { identityOf, type NodeSettings } from "../processes/NodeSettings.ts"
import { TownRpcs } from "./TownRpcs.ts"

/** How many nodes keep a key. */
export const CLUSTER_SIZE = 4

/** What may come of asking a process. */
export type TownError = NodeFailed | RpcClientError.RpcClientError

/** Who a node is, by the byte of its seed. */
const peerOf = (seed: number): Effect.Effect<PeerId> =>
  Effect.map(Effect.provide(Signer, NodeCrypto.layerSigner(identityOf(seed))), ({ peer }) => peer)

/** Starts a process, in which there are no nodes yet. */
export const startProcess = ChildProcess.start(TownRpcs, builtProgram(import.meta.url, "./nodes"))

/** A process of nodes. */
export type TownProcess = Effect.Effect.Success<typeof startProcess>

/** A network that runs. */
export interface Town {
  readonly processes: ReadonlyArray<TownProcess>
  /** All nodes, in the order in which they joined. */
  readonly nodes: ReadonlyArray<StartedNode>
  /** One more node joins, in one of the processes. */
  readonly join: (where: TownProcess) => Effect.Effect<StartedNode, TownError>
}

/** All nodes of some processes know some peers, and that they are active. */
export const allKnow = (
  processes: ReadonlyArray<TownProcess>,
  peers: ReadonlyArray<PeerId>
): Effect.Effect<void, TownError> =>
  Effect.forEach(processes, ({ client }) => client.Know({ peers }), { concurrency: "unbounded", discard: true })

/** Starts a process for each size, with so many nodes: one node after the other, which wait for nobody. */
export const startTown = (sizes: ReadonlyArray<number>): Effect.Effect<Town, TownError, Scope.Scope> =>
  Effect.gen(function* () {
    const seeds = Array.from({ length: CLUSTER_SIZE }, (_, i) => i + 1)
    const founders = yield* Effect.forEach(seeds, peerOf)
    const processes = yield* Effect.forEach(sizes, () => startProcess, { concurrency: "unbounded" })
    const nodes: Array<StartedNode> = []
    const join = (where: TownProcess) =>
      Effect.suspend(() => {
        const seed = nodes.length + 1
        const settings: NodeSettings = {
          bootstrap: nodes.slice(0, 1).map(({ addresses, peer }) => `${addresses[0]}/p2p/${peer}`),
          clusterSize: CLUSTER_SIZE,
          faultModel: "byzantine",
          founders: seed <= CLUSTER_SIZE ? founders : [],
          network: "bench",
          seed
        }
        return Effect.tap(where.client.Start({ settings }), (started) => Effect.sync(() => nodes.push(started)))
      })
    for (const [i, size] of sizes.entries()) yield* Effect.replicateEffect(join(processes[i]!), size, { discard: true })
    return { join, nodes, processes }
  })
