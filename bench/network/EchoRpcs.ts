/** What a process with a peer that echoes is asked: who and where it is. */
import * as Rpc from "@effect/rpc/Rpc"
import * as RpcGroup from "@effect/rpc/RpcGroup"
import { StartedNode } from "../processes/NodeRpcs.ts"

/** The group of it. */
export const EchoRpcs = RpcGroup.make(Rpc.make("Started", { success: StartedNode }))
