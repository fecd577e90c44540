/** A network of four nodes on loopback, in this program. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { NetworkNodeOptions } from "../../../layers/NetworkNodeOptions.ts"
import * as Node from "../../../layers/Node.ts"
import { Discovery } from "../../../services/Discovery.ts"
import { Signer } from "../../../services/Signer.ts"
import { identityOf, signerOf } from "../../storage/TestServices.ts"

const SEEDS = [61, 62, 63, 64]

/** Who its nodes are. */
export const PEERS = SEEDS.map((seed) => signerOf(seed).peer)
/** What its nodes are called together. */
export const NETWORK = "test"
/** Somewhere on this machine. */
export const ANY_PORT = "/ip4/127.0.0.1/tcp/0"
/** Founders look around for less time than those of networks that are far apart. */
const QUICK = { activation: { alonenessMillis: 500, lookMillis: 50 } }

/** A node that runs. */
export type RunningNode = Context.Context<Node.NetworkNodeServices>

/** Where a node can be joined by. */
export const addressOf = (node: RunningNode): Effect.Effect<string> =>
  Effect.map(Context.get(node, Discovery).addresses, ([address]) => `${address}/p2p/${Context.get(node, Signer).peer}`)

/** Four nodes that serve, and the address to join them by. */
export const runningNetwork = (options: Partial<NetworkNodeOptions> = { founders: PEERS }) =>
  Effect.gen(function* () {
    const nodes: Array<RunningNode> = []
    for (const seed of SEEDS) {
      const bootstrap = yield* Effect.forEach(nodes.slice(0, 1), addressOf)
      const own = { bootstrap, identity: identityOf(seed), listen: [ANY_PORT], network: NETWORK, policy: QUICK }
      nodes.push(yield* Layer.build(Node.layer({ ...own, ...options })))
    }
    for (const node of nodes) yield* Effect.provide(Node.ready(), node).pipe(Effect.timeout("20 seconds"))
    return { address: yield* addressOf(nodes[0]!), nodes }
  })
