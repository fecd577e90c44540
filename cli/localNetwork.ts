/** A network of node processes on this machine: loaded only when a command runs one. */
import * as Files from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import { DEFAULT_CLUSTER_SIZE } from "../layers/NetworkNodeOptions.ts"
import * as Node from "../layers/Node.ts"
import { storeKindIn } from "../layers/NodeDirectory.ts"
import { NodeEnded, Refused } from "./failure.ts"
import { type NodeChild, type Started, start } from "./NodeChild.ts"
import * as Progress from "./Progress.ts"
import { print, type Speech } from "./run.ts"

/** A network to run. */
export interface LocalNetworkOptions {
  readonly network: string
  readonly nodes: number
  readonly clusterSize?: number
  readonly faultModel?: "byzantine" | "crash"
  readonly directory?: string
  readonly storage?: "level" | "files"
}

const ANY_PORT = "/ip4/127.0.0.1/tcp/0"

const temporary = Effect.acquireRelease(
  Effect.promise(() => Files.mkdtemp(Path.join(Os.tmpdir(), "optimystic-cluster-"))),
  (directory) => Effect.promise(() => Files.rm(directory, { force: true, recursive: true }))
)

/** The nodes that the network begins with: all, unless some of them were a network before, which others join. */
const foundersOf = (directories: ReadonlyArray<string>, clusterSize: number) =>
  Effect.gen(function* () {
    const before = yield* Effect.filter(directories, (directory) =>
      Effect.map(storeKindIn(directory), (kind) => kind !== undefined)
    )
    return before.length < clusterSize ? directories : before
  })

const argumentsOf = (options: LocalNetworkOptions, directory: string, founders: ReadonlyArray<string>) => [
  ...["--network", options.network, "--data", directory, "--listen", ANY_PORT],
  ...(options.clusterSize === undefined ? [] : ["--cluster-size", `${options.clusterSize}`]),
  ...(options.faultModel === undefined ? [] : ["--fault-model", options.faultModel]),
  ...(options.storage === undefined ? [] : ["--storage", options.storage]),
  ...founders.flatMap((peer) => ["--founder", peer])
]

/** A node that runs, and where. */
interface Running {
  readonly child: NodeChild
  readonly address: string
  readonly peer: string
}

const runningOf = (child: NodeChild, { addresses, peer }: Started): Running => ({
  address: `${addresses[0]}/p2p/${peer}`,
  child,
  peer
})

/** Starts them all, the others by the address of the first, and waits until each can serve. */
const started = Effect.fnUntraced(function* (
  options: LocalNetworkOptions,
  directory: string,
  children: Array<NodeChild>
) {
  const { clusterSize = DEFAULT_CLUSTER_SIZE, nodes } = options
  const names = Array.from({ length: nodes }, (_, i) => `node-${i + 1}`)
  const founding = new Set(
    yield* foundersOf(
      names.map((name) => Path.join(directory, name)),
      clusterSize
    )
  )
  const founders = yield* Effect.forEach(founding, Node.peerIn)
  const begin = (name: string, bootstrap: ReadonlyArray<string>) => {
    const own = Path.join(directory, name)
    const args = argumentsOf(options, own, founding.has(own) ? founders : [])
    const child = start(name, [...args, ...bootstrap.flatMap((address) => ["--bootstrap", address])])
    children.push(child)
    return Effect.map(child.started, (told) => runningOf(child, told))
  }
  const first = yield* begin(names[0]!, [])
  const others = yield* Effect.forEach(names.slice(1), (name) => begin(name, [first.address]), {
    concurrency: "unbounded"
  })
  const progress = Progress.make(process.stderr)
  const all = [first, ...others]
  let ready = 0
  yield* Effect.forEach(
    all,
    ({ child }) =>
      Effect.tap(child.ready, () => {
        ready += 1
        progress.advance(`${ready} of ${nodes} nodes can serve`, ready / nodes)
        return Effect.void
      }),
    { concurrency: "unbounded", discard: true }
  ).pipe(Effect.ensuring(Effect.sync(progress.end)))
  return all
})

const readyLine = ({ network }: LocalNetworkOptions, directory: string, nodes: ReadonlyArray<Running>) => ({
  object: {
    event: "ready",
    network,
    directory,
    nodes: nodes.map(({ address, child: { name, pid }, peer }) => ({ name, peer, pid: pid ?? null, address }))
  },
  text: [
    `network ${network}, ${nodes.length} nodes in ${directory}`,
    ...nodes.map(({ address, child: { name, pid } }) => `${name}\tprocess ${pid}\t${address}`),
    `ready; try: optimystic status --network ${network} --bootstrap ${nodes[0]!.address}`
  ].join("\n")
})

/** Runs a network until it is interrupted; fails where no node is left. */
export const run = (options: LocalNetworkOptions, speech: Speech) =>
  Effect.gen(function* () {
    const { clusterSize = DEFAULT_CLUSTER_SIZE, nodes } = options
    if (nodes < clusterSize) {
      return yield* new Refused({
        message: `${nodes} node(s) are no network whose collections are kept by ${clusterSize}; add nodes, or lower --cluster-size`
      })
    }
    const directory = options.directory ?? (yield* temporary)
    const children = yield* Effect.acquireRelease(
      Effect.sync((): Array<NodeChild> => []),
      (all) => Effect.forEach(all, ({ stop }) => stop, { concurrency: "unbounded", discard: true })
    )
    const all = yield* started(options, directory, children)
    yield* print(speech, [readyLine(options, directory, all)])
    const watch = ({ child: { ended, name }, peer }: Running) =>
      Effect.flatMap(ended, (how) =>
        print(speech, [{ object: { event: "ended", name, peer, how }, text: `${name} ${how}: ${peer}` }])
      )
    yield* Effect.forEach(all, watch, { concurrency: "unbounded", discard: true })
    return yield* new NodeEnded({ message: "Every node of the network has ended" })
  }).pipe(Effect.scoped)
