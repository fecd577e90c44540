/**
 * Benchmarks of four nodes in one program, K = 4: in memory, without latency, with real cryptography.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Transaction, Tree } from "effect-optimystic"
import {
  ClusterNode,
  Identity,
  MemoryNetwork,
  MemoryStorage,
  Node,
  NodeEntropy,
  NodeHostTurn,
  Roster
} from "effect-optimystic/layers"
import { NetworkName, type PeerId } from "effect-optimystic/schemas"
import { Signer } from "effect-optimystic/services"
import { makePlaces, Place, Places } from "./entries.ts"
import { allOf, atLeast, atMost, type Benchmark, collectGarbage, measuredEach, perSecond, timed } from "./harness.ts"

const NETWORK = Schema.decodeSync(NetworkName)("bench")
const IDENTITIES = [1, 2, 3, 4].map((byte) => Identity.fromSeed(new Uint8Array(32).fill(byte)))

const nodeOf = (hub: MemoryNetwork.MemoryHub, peers: ReadonlyArray<PeerId>, identity: Identity.Identity) =>
  ClusterNode.layer({ clusterSize: IDENTITIES.length, faultModel: "byzantine", network: NETWORK }).pipe(
    Layer.provide(Roster.layer(peers)),
    Layer.provide(MemoryNetwork.layer(hub)),
    Layer.provide(MemoryStorage.layer),
    Layer.provide(NodeHostTurn.layer),
    Layer.provide(NodeEntropy.layer),
    Layer.provide(Node.layerCrypto(identity))
  )

/** Four nodes, as long as the scope. */
const cluster = Effect.gen(function* () {
  const hub = new MemoryNetwork.MemoryHub()
  const peers = yield* Effect.forEach(IDENTITIES, (identity) =>
    Effect.map(Effect.provide(Signer, Node.layerCrypto(identity)), ({ peer }) => peer)
  )
  const nodes = yield* Effect.forEach(IDENTITIES, (identity) => Layer.build(nodeOf(hub, peers, identity)))
  return { hub, nodes }
})

/** Of so many the engine still makes machine code: the first two hundred take half as long again. */
const WARM_UP_COMMITS = 1_000
const COMMITS = 1_000
const COMMITS_AT_ONCE = 8
const WARM_UP_EACH = WARM_UP_COMMITS / COMMITS_AT_ONCE
const COMMITS_EACH = COMMITS / COMMITS_AT_ONCE

const placesIn = (number: number) =>
  Tree.define(`places-${number}`, { entry: Place, key: Schema.String, keyOf: Places.keyOf })

const commitMemory: Benchmark = {
  durable: false,
  name: "cluster.commit.memory",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const { nodes } = yield* cluster
        const run = Effect.gen(function* () {
          const tree = yield* Tree.openOrCreate(Places)
          return yield* measuredEach(makePlaces(WARM_UP_COMMITS + COMMITS), WARM_UP_COMMITS, tree.put)
        })
        return yield* Effect.provide(run, nodes[0]!)
      })
    ),
  runs: 3,
  target: atLeast(300),
  unit: "commits/s"
}

const commitAtOnce: Benchmark = {
  durable: false,
  name: "cluster.commit.memory.8",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const { nodes } = yield* cluster
        const run = Effect.gen(function* () {
          const numbers = Array.from({ length: COMMITS_AT_ONCE }, (_, i) => i)
          const trees = yield* Effect.forEach(numbers, (i) => Tree.openOrCreate(placesIn(i)))
          const fill = (from: number, to: number) =>
            Effect.forEach(
              trees,
              (tree, i) => Effect.forEach(makePlaces(to, i + 1).slice(from), tree.put, { discard: true }),
              { concurrency: "unbounded", discard: true }
            )
          yield* fill(0, WARM_UP_EACH)
          yield* collectGarbage
          const millis = yield* timed(fill(WARM_UP_EACH, WARM_UP_EACH + COMMITS_EACH))
          return { value: perSecond(COMMITS_AT_ONCE * COMMITS_EACH, millis) }
        })
        return yield* Effect.provide(run, nodes[0]!)
      })
    ),
  runs: 3,
  target: atLeast(350),
  unit: "commits/s"
}

/** What the commits of one node take of the network, for each commit and each of the other members. */
const messages: Benchmark = {
  durable: false,
  name: "cluster.messages",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const { hub, nodes } = yield* cluster
        const run = Effect.gen(function* () {
          const tree = yield* Tree.openOrCreate(Places)
          const places = makePlaces(WARM_UP_COMMITS + COMMITS)
          yield* Effect.forEach(places.slice(0, WARM_UP_COMMITS), tree.put, { discard: true })
          const before = hub.traffic
          yield* Effect.forEach(places.slice(WARM_UP_COMMITS), tree.put, { discard: true })
          const { bytes, questions } = hub.traffic
          const others = COMMITS * (IDENTITIES.length - 1)
          return { value: (questions - before.questions) / others, bytes: (bytes - before.bytes) / COMMITS }
        })
        return yield* Effect.provide(run, nodes[0]!)
      })
    ),
  runs: 1,
  target: allOf(atMost(2.5), atMost(10_000, "bytes")),
  unit: "per member and commit"
}

const WRITERS = 8
const WRITES_EACH = 40
const Counters = Tree.define("counters", {
  entry: Schema.Struct({ count: Schema.Int, key: Schema.String }),
  key: Schema.String,
  keyOf: ({ key }) => key
})

/** Eight writers of one collection, two on each node, add to one counter: what was acknowledged must be there. */
const contended: Benchmark = {
  durable: false,
  name: "cluster.contended",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const { nodes } = yield* cluster
        const retry = Schedule.recurs(1_000).pipe(
          Schedule.addDelay(() => "2 millis"),
          Schedule.jittered
        )
        const on = (i: number) => Effect.provide(nodes[i % nodes.length]!)
        const add = Transaction.run(
          Effect.flatMap(Tree.open(Counters), (tree) =>
            tree.modify("one", ({ count, key }) => ({ count: count + 1, key }))
          ),
          { retry }
        )
        const create = Effect.flatMap(Tree.openOrCreate(Counters), (tree) => tree.put({ count: 0, key: "one" }))
        yield* on(0)(create)
        const write = (i: number) => Effect.repeatN(on(i)(add), WRITES_EACH - 1)
        const writers = Array.from({ length: WRITERS }, (_, i) => i)
        const millis = yield* timed(Effect.forEach(writers, write, { concurrency: "unbounded", discard: true }))
        const acknowledged = WRITERS * WRITES_EACH
        const found = yield* on(3)(Effect.flatMap(Tree.open(Counters), (tree) => Effect.flatten(tree.get("one"))))
        return { value: perSecond(acknowledged, millis), lost: acknowledged - found.count }
      })
    ),
  runs: 3,
  target: allOf(atLeast(150), atMost(0, "lost")),
  unit: "commits/s"
}

/** All of a cluster in one program. */
export const clusters: ReadonlyArray<Benchmark> = [commitMemory, commitAtOnce, messages, contended]
