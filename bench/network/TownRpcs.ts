/** What a process with several nodes is asked: to start them, and how each of them sees the network. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { PeerId } from "effect-optimystic/schemas"
import { NodeFailed, StartedNode } from "../processes/NodeRpcs.ts"
import { NodeSettings } from "../processes/NodeSettings.ts"

/** The network as one node sees it. */
export const NodeView = Schema.Struct({
  active: Schema.Array(PeerId),
  known: Schema.Array(PeerId),
  peer: PeerId,
  /** Known, and found not to answer. */
  unreachable: Schema.Array(PeerId)
})
export type NodeView = typeof NodeView.Type

/** The group of it. */
export const TownRpcs = RpcGroup.make(
  /** One more node: who and where it is, once others can reach it. */
  Rpc.make("Start", { error: NodeFailed, payload: { settings: NodeSettings }, success: StartedNode }),
  /** Answers once each node of this process knows all of these peers, and that they are active. */
  Rpc.make("Know", { payload: { peers: Schema.Array(PeerId) } }),
  /** Of each node, for each of so many keys, a digest of the peers that are closest to it. */
  Rpc.make("Closest", {
    payload: { count: Schema.Int, keys: Schema.Int },
    success: Schema.Array(Schema.Array(Schema.String))
  }),
  /** Whom each node knows. */
  Rpc.make("Known", { success: Schema.Array(NodeView) })
)
