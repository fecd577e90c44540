/** Networks that benchmarks work on, and what all of their processes use. */
import * as Effect from "effect/Effect"
import type { FaultModel } from "effect-optimystic/schemas"
import { type Run, sum, type Workplace } from "../harness.ts"
import { builtProgram } from "../processes/builtProgram.ts"
import * as ChildProcess from "../processes/ChildProcess.ts"
import * as LocalNetwork from "../processes/LocalNetwork.ts"
import { WorkRpcs } from "./WorkRpcs.ts"

/** How many nodes keep a collection, and how many there are, unless something else is said. */
export const CLUSTER_SIZE = 4

const spawn = (settings: string) => ChildProcess.start(WorkRpcs, builtProgram(import.meta.url, "./workNode"), settings)

/** A node that works, in its process. */
export type WorkNode = LocalNetwork.LocalNode<Effect.Effect.Success<ReturnType<typeof spawn>>>

/** What a network may be beside the usual one. */
export interface WorkNetworkOptions {
  readonly nodes?: number
  readonly clusterSize?: number
  readonly faultModel?: FaultModel
}

/** Nodes that serve, as long as the scope, each with a store on disk. */
export const startWork = (
  { folder }: Workplace,
  { clusterSize = CLUSTER_SIZE, faultModel = "byzantine", nodes = clusterSize }: WorkNetworkOptions = {}
) =>
  Effect.gen(function* () {
    const all = yield* LocalNetwork.make({
      clusterSize,
      directory: yield* folder,
      faultModel,
      membership: "founders",
      nodes,
      spawn
    })
    yield* LocalNetwork.startAll(all)
    return all
  })

/** What to ask a node. */
export const clientOf = (nodes: ReadonlyArray<WorkNode>, i: number) => nodes[i]!.process.client

/** Who keeps a tree: whichever node keeps it, too, can tell. */
export const keepersOf = (nodes: ReadonlyArray<WorkNode>, tree: string) =>
  Effect.firstSuccessOf(nodes.map(({ process }) => process.client.Keepers({ tree })))

/** What the processes of some nodes have used so far, all together. */
export const usageOf = (nodes: ReadonlyArray<WorkNode>) =>
  Effect.map(
    Effect.forEach(nodes, ({ process }) => process.client.Usage(), { concurrency: "unbounded" }),
    (usages) => ({
      cpuMillis: sum(usages.map(({ cpuMillis }) => cpuMillis)),
      maxRssBytes: Math.max(...usages.map(({ rssBytes }) => rssBytes)),
      sentBytes: sum(usages.map(({ sentBytes }) => sentBytes)),
      sentMessages: sum(usages.map(({ sentMessages }) => sentMessages))
    })
  )

/** A name that no run before has used: each run begins with new collections. */
export const newName = (
  (used: number) => (kind: string) =>
    `${kind}-${used++}`
)(0)

/** A run that hangs is a failure, not a wait. */
const RUN_MILLIS = 120_000

/** A run that fails where it takes too long. */
export const bounded = (run: Run): Run =>
  Effect.timeoutFail(run, {
    duration: RUN_MILLIS,
    onTimeout: () => new Error(`a run takes more than ${RUN_MILLIS / 1_000} s`)
  })
