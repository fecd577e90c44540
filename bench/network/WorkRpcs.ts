/** What a node of a benchmark is asked to do, and how long that took it. All durations in milliseconds, all moments of the machine's clock. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import * as Schema from "effect/Schema"
import { PeerId } from "effect-optimystic/schemas"
import { NodeFailed, NodeRpcs } from "../processes/NodeRpcs.ts"

const Names = Schema.Array(Schema.String)
const Durations = Schema.Array(Schema.Number)

/** Writes at a steady pace: when each was acknowledged, and how many failed. */
export const Paced = Schema.Struct({ acknowledged: Schema.Array(Schema.Number), failed: Schema.Int })

/** What only nodes of benchmarks are asked. Trees of places are meant by their names. */
export const WorkOnlyRpcs = RpcGroup.make(
  Rpc.make("Create", { error: NodeFailed, payload: { trees: Names } }),
  /** Fills a tree with the first so many places. */
  Rpc.make("Fill", { error: NodeFailed, payload: { count: Schema.Int, tree: Schema.String } }),
  /** So many entries are put into each tree, one after the other, in all trees at once: what all of it took. */
  Rpc.make("PutAtOnce", {
    error: NodeFailed,
    payload: { each: Schema.Int, seed: Schema.Int, trees: Names },
    success: Schema.Number
  }),
  /** So many transactions, one after the other, each of which puts one entry into each tree: what each took. */
  Rpc.make("Put", {
    error: NodeFailed,
    payload: { seed: Schema.Int, times: Schema.Int, trees: Names },
    success: Durations
  }),
  /** Adds to one counter so many times, each tried again as long as it loses to others: how many were acknowledged. */
  Rpc.make("Add", { payload: { times: Schema.Int, tree: Schema.String }, success: Schema.Int }),
  /** What the counter came to. */
  Rpc.make("Sum", { error: NodeFailed, payload: { tree: Schema.String }, success: Schema.Int }),
  /** Gets of a filled tree, one after the other, each of what is the latest in the network: what each took. */
  Rpc.make("Get", {
    error: NodeFailed,
    payload: { among: Schema.Int, times: Schema.Int, tree: Schema.String },
    success: Durations
  }),
  /** The same of a local snapshot: what all of them took. */
  Rpc.make("GetFromSnapshot", {
    error: NodeFailed,
    payload: { among: Schema.Int, times: Schema.Int, tree: Schema.String },
    success: Schema.Number
  }),
  /** Puts entries at a pace for some time. Answers once the last of them has come to an end. */
  Rpc.make("Pace", {
    error: NodeFailed,
    payload: { forMillis: Schema.Number, perSecond: Schema.Number, seed: Schema.Int, tree: Schema.String },
    success: Paced
  }),
  Rpc.make("Entries", { error: NodeFailed, payload: { tree: Schema.String }, success: Schema.Int }),
  /** Who keeps a tree that this node keeps, too, and who of them is first to be asked for a turn on it. */
  Rpc.make("Keepers", {
    error: NodeFailed,
    payload: { tree: Schema.String },
    success: Schema.Struct({ coordinator: PeerId, members: Schema.Array(PeerId) })
  })
)

/** All that they are asked. */
export const WorkRpcs = NodeRpcs.merge(WorkOnlyRpcs)
