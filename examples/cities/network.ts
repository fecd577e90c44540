/**
 * The network of this example: nodes in processes of their own, each with a directory, on ports that the system chooses.
 */
import { Data, Effect } from "effect"
import { builtProgram } from "../../bench/processes/builtProgram.ts"
import * as ChildProcess from "../../bench/processes/ChildProcess.ts"
import * as LocalNetwork from "../../bench/processes/LocalNetwork.ts"
import { CityRpcs } from "./CityRpcs.ts"

/** As many nodes as keep each collection, so that all of them keep all: one may be gone, or lie. */
export const NODES = 4

const spawn = (settings: string) => ChildProcess.start(CityRpcs, builtProgram(import.meta.url, "./node"), settings)

/** A node, in its process. */
export type CityNode = LocalNetwork.LocalNode<Effect.Effect.Success<ReturnType<typeof spawn>>>

/** A process that was told to end did not end well. */
export class StopFailed extends Data.TaggedError("StopFailed")<{ readonly message: string }> {}

/** A network that serves: its nodes found each other, and keep the cluster index. Its processes are killed with the scope, at the latest. */
export const startNetwork = (directory: string) =>
  Effect.gen(function* () {
    const nodes = yield* LocalNetwork.make({
      clusterSize: NODES,
      directory,
      faultModel: "byzantine",
      membership: "founders",
      nodes: NODES,
      spawn
    })
    yield* LocalNetwork.startAll(nodes)
    return nodes as readonly [CityNode, CityNode, CityNode, CityNode]
  })

/** Tells all nodes to end; fails where one of them does not end by itself, and well. */
export const stopNetwork = (nodes: ReadonlyArray<CityNode>) =>
  Effect.forEach(
    nodes,
    ({ process, stop }) =>
      Effect.flatMap(stop, (code) =>
        code === 0
          ? Effect.void
          : new StopFailed({ message: `Process ${process.pid} was told to end, and ended with ${code}` })
      ),
    { concurrency: "unbounded", discard: true }
  )
