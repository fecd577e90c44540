/** What every node in a process of its own is asked, whatever its program does beside. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { Address, PeerId } from "effect-optimystic/schemas"

/** A node that others can reach. */
export const StartedNode = Schema.Struct({ addresses: Schema.Array(Address), peer: PeerId })
export type StartedNode = typeof StartedNode.Type

/** What a process has used since it was started. */
export const Usage = Schema.Struct({
  /** Of all processors, in user code and in the system's. */
  cpuMillis: Schema.Number,
  /** What its nodes have sent to peers, answers included, before it was encrypted. */
  sentBytes: Schema.Number,
  sentMessages: Schema.Number,
  rssBytes: Schema.Number
})
export type Usage = typeof Usage.Type

/** A collection, as far as a node has it in its own store. */
export const KeptCollection = Schema.Struct({ name: Schema.String, rev: Schema.Int })
export type KeptCollection = typeof KeptCollection.Type

/** Something went wrong in the process, in words. */
export class NodeFailed extends Schema.TaggedError<NodeFailed>()("NodeFailed", { message: Schema.String }) {}

/** What went wrong, in words that cross to whoever asked. */
export const failedBy = (error: { readonly _tag: string; readonly message: string }): NodeFailed =>
  new NodeFailed({ message: `${error._tag}: ${error.message}` })

/** The group of them. */
export const NodeRpcs = RpcGroup.make(
  /** Who and where it is, once it can be reached. */
  Rpc.make("Started", { success: StartedNode }),
  /** Answers once the node can serve. */
  Rpc.make("Ready", {}),
  Rpc.make("Usage", { success: Usage }),
  /** The collections in its own store: no other node is asked. */
  Rpc.make("Kept", { error: NodeFailed, success: Schema.Array(KeptCollection) })
)

/** Any of them. */
export type NodeRpc = RpcGroup.Rpcs<typeof NodeRpcs>
