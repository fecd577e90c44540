/** Benchmarks of four nodes in processes of their own, with stores on disk, K = 4: commits, transactions, reads, what they use. */
import * as Effect from "effect/Effect"
import {
  allOf,
  atLeast,
  atMost,
  type Benchmark,
  type Measurement,
  median,
  perSecond,
  ratePerSecond,
  sum
} from "../harness.ts"
import { etcdPuts } from "./etcd.ts"
import {
  bounded,
  CLUSTER_SIZE,
  clientOf,
  keepersOf,
  newName,
  startWork,
  usageOf,
  type WorkNode
} from "./workNetwork.ts"

const RUNS = 5
const WARM_UP = 100
const COMMITS = 400
const BYTES_PER_MEGABYTE = 1_000_000

/** Single puts into a new tree, one after the other: how long each took, and what all processes used for one. */
const commits = (nodes: ReadonlyArray<WorkNode>) =>
  Effect.gen(function* () {
    const client = clientOf(nodes, 0)
    const trees = [newName("commits")]
    yield* client.Put({ seed: 1, times: WARM_UP, trees })
    const before = yield* usageOf(nodes)
    const millis = yield* client.Put({ seed: 2, times: COMMITS, trees })
    const after = yield* usageOf(nodes)
    return {
      bytes: (after.sentBytes - before.sentBytes) / COMMITS,
      cpu: (after.cpuMillis - before.cpuMillis) / COMMITS,
      // Each question has an answer, which is not counted.
      messages: (after.sentMessages - before.sentMessages) / 2 / COMMITS / (CLUSTER_SIZE - 1),
      millis
    }
  })

type Commits = Effect.Effect.Success<ReturnType<typeof commits>>

const onCommits = (
  { name, target, unit, ...rest }: Pick<Benchmark, "name" | "target" | "unit" | "method">,
  measured: (commits: Commits) => Effect.Effect<Measurement, Error>
): Benchmark => ({
  durable: true,
  name,
  prepare: (workplace) =>
    Effect.map(startWork(workplace), (nodes) => bounded(Effect.flatMap(commits(nodes), measured))),
  runs: RUNS,
  target,
  unit,
  ...rest
})

const METHOD =
  "Four nodes in processes of their own on loopback, level with sync, K = 4, byzantine: single puts into one tree through one node, one after the other, " +
  "after 100 more. etcdRatio: the same of three etcd processes by their JSON gateway, in the same run, where etcd is on PATH."

const commit: Benchmark = {
  durable: true,
  method: METHOD,
  name: "network.commit",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const nodes = yield* startWork(workplace)
      const etcd = yield* etcdPuts(workplace)
      return bounded(
        Effect.gen(function* () {
          const rate = ratePerSecond((yield* commits(nodes)).millis)
          if (etcd === undefined) return rate
          const puts = ratePerSecond(yield* etcd(WARM_UP, COMMITS))
          return { ...rate, etcd: puts.value, etcdRatio: rate.value / puts.value }
        })
      )
    }),
  runs: RUNS,
  target: allOf(atLeast(150), atMost(6, "p50"), atMost(40, "p99")),
  unit: "commits/s"
}

const cpu = onCommits(
  {
    method:
      "Of all four processes, in user code and in the system's, over the commits of network.commit, with all that goes on beside.",
    name: "network.cpu",
    target: atMost(8),
    unit: "ms of CPU per commit"
  },
  (measured) => Effect.succeed({ value: measured.cpu })
)

const messages = onCommits(
  {
    method:
      "Questions for each commit and other member: half of all frames that are sent, by whichever node, as each has an answer. bytes: all that is sent for a commit, " +
      "answers included, before it is encrypted.",
    name: "network.messages",
    target: allOf(atMost(2.5), atMost(12_000, "bytes")),
    unit: "per member and commit"
  },
  ({ bytes, messages }) =>
    messages > 0
      ? Effect.succeed({ bytes, value: messages })
      : Effect.fail(new Error("nodes do not count their messages"))
)

const AT_ONCE = 8
const COMMITS_EACH = 60

const commitAtOnce: Benchmark = {
  durable: true,
  name: "network.commit.8",
  prepare: (workplace) =>
    Effect.map(startWork(workplace), (nodes) =>
      bounded(
        Effect.gen(function* () {
          const client = clientOf(nodes, 0)
          const trees = Array.from({ length: AT_ONCE }, () => newName("at-once"))
          yield* client.Create({ trees })
          yield* client.PutAtOnce({ each: Math.ceil(WARM_UP / AT_ONCE), seed: 100, trees })
          const millis = yield* client.PutAtOnce({ each: COMMITS_EACH, seed: 200, trees })
          return { value: perSecond(AT_ONCE * COMMITS_EACH, millis) }
        })
      )
    ),
  runs: RUNS,
  target: atLeast(250),
  unit: "commits/s"
}

const ADDITIONS_EACH = 60

const contended: Benchmark = {
  durable: true,
  method:
    "Each of the four nodes adds 60 times to one counter. failed: additions that ended with an error, which are not tried again; lost: acknowledged ones that are not in the counter.",
  name: "network.commit.contended",
  prepare: (workplace) =>
    Effect.map(startWork(workplace), (nodes) =>
      bounded(
        Effect.gen(function* () {
          const tree = newName("contended")
          const first = yield* clientOf(nodes, 0).Add({ times: 1, tree })
          const started = performance.now()
          const added = yield* Effect.forEach(
            nodes,
            ({ process }) => process.client.Add({ times: ADDITIONS_EACH, tree }),
            { concurrency: "unbounded" }
          )
          const millis = performance.now() - started
          const found = yield* clientOf(nodes, 1).Sum({ tree })
          const acknowledged = sum(added)
          return {
            failed: nodes.length * ADDITIONS_EACH - acknowledged,
            lost: Math.max(0, first + acknowledged - found),
            value: perSecond(acknowledged, millis)
          }
        })
      )
    ),
  runs: RUNS,
  target: allOf(atLeast(80), atMost(0, "lost")),
  unit: "commits/s"
}

const ROUNDS = 10
const TIMES_PER_ROUND = 20

/** Transactions over three trees and puts into one of them, by turns: how many times as long the former take. */
const transactionRatio = (nodes: ReadonlyArray<WorkNode>, trees: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const client = clientOf(nodes, 0)
    const single: Array<number> = []
    const triple: Array<number> = []
    for (let seed = 1; seed <= ROUNDS; seed++) {
      single.push(...(yield* client.Put({ seed, times: TIMES_PER_ROUND, trees: trees.slice(0, 1) })))
      triple.push(...(yield* client.Put({ seed: seed + ROUNDS, times: TIMES_PER_ROUND, trees })))
    }
    return { commit: median(single), p50: median(triple), value: median(triple) / median(single) }
  })

const TREES = 3

const transaction: Benchmark = {
  durable: true,
  method:
    "p50 of transactions that put an entry into each of three trees, over p50 of single puts (commit), by turns of 20.",
  name: "network.transaction.3",
  prepare: (workplace) =>
    Effect.map(startWork(workplace), (nodes) =>
      bounded(
        Effect.suspend(() =>
          transactionRatio(
            nodes,
            Array.from({ length: TREES }, () => newName("together"))
          )
        )
      )
    ),
  runs: RUNS,
  target: atMost(1.4),
  unit: "× a commit"
}

/** Of so many trees on six nodes some three are of different clusters, but for one time in some ten thousand. */
const CANDIDATES = 8
const NODES_OF_SHARDS = 6

/** Trees of as many clusters as there are, one of each. */
const treesOfShards = (nodes: ReadonlyArray<WorkNode>) =>
  Effect.gen(function* () {
    const client = clientOf(nodes, 0)
    const trees = Array.from({ length: CANDIDATES }, () => newName("shard"))
    yield* client.Create({ trees })
    const byCluster = new Map<string, string>()
    for (const tree of trees) {
      const { members } = yield* keepersOf(nodes, tree)
      byCluster.set([...members].sort().join(), tree)
    }
    return [...byCluster.values()].slice(0, TREES)
  })

const transactionOfShards: Benchmark = {
  durable: true,
  method: "The same on six nodes, over trees of different clusters.",
  name: "network.transaction.3.shards",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const nodes = yield* startWork(workplace, { nodes: NODES_OF_SHARDS })
      const trees = yield* treesOfShards(nodes)
      return bounded(Effect.map(transactionRatio(nodes, trees), (measured) => ({ ...measured, shards: trees.length })))
    }),
  runs: RUNS,
  target: allOf(atMost(2.5), atLeast(2, "shards")),
  unit: "× a commit"
}

const ENTRIES = 10_000
const GETS = 1_000
const SNAPSHOT_GETS = 100_000

/** A network with a filled tree, of which another node than the writer's has read all leaves. */
const filled = (workplace: Parameters<typeof startWork>[0]) =>
  Effect.gen(function* () {
    const nodes = yield* startWork(workplace)
    const tree = newName("filled")
    yield* clientOf(nodes, 0).Fill({ count: ENTRIES, tree })
    return { nodes, tree }
  })

const get: Benchmark = {
  durable: false,
  method:
    "Linearizable gets, one after the other, from another node than the writer's, of a tree of 10,000 entries that nobody writes to; each asks a quorum. busy: the same while the first node puts " +
    "entries into that tree, one after the other.",
  name: "network.get",
  prepare: (workplace) =>
    Effect.map(filled(workplace), ({ nodes, tree }) =>
      bounded(
        Effect.gen(function* () {
          const reader = clientOf(nodes, 1)
          const idle = ratePerSecond(yield* reader.Get({ among: ENTRIES, times: GETS, tree }))
          const seed = 1_000 + Math.round(performance.now())
          const writing = clientOf(nodes, 0).Put({ seed, times: GETS, trees: [tree] })
          const reading = reader.Get({ among: ENTRIES, times: GETS, tree })
          const busy = ratePerSecond(yield* Effect.race(reading, Effect.zipRight(writing, Effect.never)))
          return { ...idle, busy: busy.value }
        })
      )
    ),
  runs: RUNS,
  target: atLeast(700),
  unit: "gets/s"
}

const getSnapshot: Benchmark = {
  durable: false,
  method: "Gets of a local snapshot that is up to date, of 10,000 entries, by a node that wrote none of them.",
  name: "network.get.snapshot",
  prepare: (workplace) =>
    Effect.map(filled(workplace), ({ nodes, tree }) =>
      bounded(
        Effect.map(clientOf(nodes, 1).GetFromSnapshot({ among: ENTRIES, times: SNAPSHOT_GETS, tree }), (millis) => ({
          value: perSecond(SNAPSHOT_GETS, millis)
        }))
      )
    ),
  runs: RUNS,
  target: atLeast(100_000),
  unit: "gets/s"
}

/** A node is started again once the others have noticed that it went. */
const REST_MILLIS = 1_000

const start: Benchmark = {
  durable: false,
  method:
    "From the start of a process until its node can serve, while three others are idle; it has been a member before. rss: of the largest of four processes after 500 commits, in MB.",
  name: "network.start",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const nodes = yield* startWork(workplace)
      yield* commits(nodes)
      const { maxRssBytes } = yield* usageOf(nodes)
      const last = nodes.at(-1)!
      return bounded(
        Effect.gen(function* () {
          yield* last.stop
          yield* Effect.sleep(REST_MILLIS)
          const started = performance.now()
          yield* last.start
          const reachable = performance.now() - started
          yield* last.process.client.Ready()
          return { reachable, rss: maxRssBytes / BYTES_PER_MEGABYTE, value: performance.now() - started }
        })
      )
    }),
  runs: RUNS,
  target: allOf(atMost(1_200), atMost(220, "rss")),
  unit: "ms"
}

/** All of nodes that work undisturbed. */
export const work: ReadonlyArray<Benchmark> = [
  commit,
  commitAtOnce,
  contended,
  transaction,
  transactionOfShards,
  get,
  getSnapshot,
  cpu,
  messages,
  start
]
