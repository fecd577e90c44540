/** A network of nodes on loopback, each in a process and a directory of its own. */
import type * as RpcClient from "@effect/rpc/RpcClient"
import type * as RpcClientError from "@effect/rpc/RpcClientError"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Node } from "effect-optimystic"
import type { FaultModel, PeerId } from "effect-optimystic/schemas"
import type { ChildProcess } from "./ChildProcess.ts"
import type { NodeRpc, StartedNode } from "./NodeRpcs.ts"
import { type NodeSettings, NodeSettingsText } from "./NodeSettings.ts"

type NodeClient = RpcClient.RpcClient<NodeRpc, RpcClientError.RpcClientError>
type Controls = Omit<ChildProcess<never>, "client">

/** A process of a program that runs a node: it answers `NodeRpcs`, and what its program is asked. */
export interface NodeProcess extends Controls {
  readonly client: Pick<NodeClient, keyof NodeClient>
}

/** A directory in which there can be no node. */
export type DirectoryError = Effect.Effect.Error<ReturnType<typeof Node.peerIn>>

/** What a network is made of. */
export interface LocalNetworkOptions<Process extends NodeProcess, R> {
  /** Where each node has a directory of its own. */
  readonly directory: string
  readonly nodes: number
  readonly clusterSize: number
  readonly faultModel: FaultModel
  /** Whether the nodes are all there will ever be, or the first of a network that grows. */
  readonly membership: "founders" | "roster"
  /** Starts a process with some settings, `ChildProcess.start`. */
  readonly spawn: (settings: string) => Effect.Effect<Process, never, R>
}

/** A node of such a network, in its process, or, once that was ended, in none. */
export interface LocalNode<Process extends NodeProcess> {
  readonly peer: PeerId
  readonly directory: string
  /** The process that was started last. */
  readonly process: Process
  /** Starts it, again where it has ended: it joins by whichever others run. Waits until it can be reached. */
  readonly start: Effect.Effect<void, RpcClientError.RpcClientError>
  /** Ends its process at once, and waits until it has ended. */
  readonly kill: Effect.Effect<void>
  /** Tells its process to end, and waits: what it ends with, null where a signal ended it. */
  readonly stop: Effect.Effect<number | null>
}

const NETWORK = "local"

const encodeSettings = Schema.encodeSync(NodeSettingsText)

/** Starts the first of some nodes, then the others at once, which join by it. Waits until all can serve. */
export const startAll = ([first, ...others]: ReadonlyArray<LocalNode<NodeProcess>>): Effect.Effect<
  void,
  RpcClientError.RpcClientError
> =>
  Effect.gen(function* () {
    if (first === undefined) return
    yield* first.start
    yield* Effect.forEach(others, ({ start }) => start, { concurrency: "unbounded", discard: true })
    const ready = [first, ...others].map(({ process }) => process.client.Ready())
    yield* Effect.all(ready, { concurrency: "unbounded", discard: true })
  })

/** Nodes that are not yet started. Their processes are killed with the scope. */
export const make = <Process extends NodeProcess, R>({
  clusterSize,
  directory,
  faultModel,
  membership,
  nodes: count,
  spawn
}: LocalNetworkOptions<Process, R>): Effect.Effect<ReadonlyArray<LocalNode<Process>>, DirectoryError, R> =>
  Effect.gen(function* () {
    const directories = Array.from({ length: count }, (_, i) => `${directory}/node-${i + 1}`)
    const peers = yield* Effect.forEach(directories, Node.peerIn)
    const context = yield* Effect.context<R>()
    /** Of each node its last process, and where it is, as long as it runs. */
    const processes: Array<Process | undefined> = directories.map(() => undefined)
    const reachable: Array<StartedNode | undefined> = directories.map(() => undefined)
    const settingsOf = (i: number): NodeSettings => ({
      bootstrap: reachable.flatMap((node) => (node === undefined ? [] : [`${node.addresses[0]}/p2p/${node.peer}`])),
      clusterSize,
      directory: directories[i]!,
      faultModel,
      network: NETWORK,
      ...(membership === "roster" ? { roster: peers } : { founders: peers })
    })
    const processOf = (i: number): Process => {
      const process = processes[i]
      if (process === undefined) throw new Error(`node ${i + 1} was never started`)
      return process
    }
    const start = (i: number) =>
      Effect.gen(function* () {
        const process = yield* Effect.provide(spawn(encodeSettings(settingsOf(i))), context)
        processes[i] = process
        reachable[i] = yield* process.client.Started()
      })
    const ending = <A>(i: number, end: (process: Process) => Effect.Effect<A>) =>
      Effect.suspend(() => {
        reachable[i] = undefined
        return end(processOf(i))
      })
    return directories.map((directory, i) => ({
      directory,
      kill: ending(i, ({ kill }) => kill),
      peer: peers[i]!,
      get process() {
        return processOf(i)
      },
      start: start(i),
      stop: ending(i, ({ stop }) => stop)
    }))
  })
