/** Benchmarks of what happens to writers while nodes are killed, or stand still. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { allOf, atMost, type Benchmark } from "../harness.ts"
import {
  bounded,
  clientOf,
  keepersOf,
  newName,
  startWork,
  type WorkNetworkOptions,
  type WorkNode
} from "./workNetwork.ts"

const RUNS = 5
const WRITES_PER_SECOND = 100
/** So long nothing is done to anybody. */
const BEFORE_MILLIS = 1_500
/** So long writers go on afterwards: longer than any gap may be. */
const AFTER_MILLIS = 4_500

const now = () => performance.timeOrigin + performance.now()

/** The longest time without an acknowledgement, after a moment. */
const longestGap = (acknowledged: ReadonlyArray<number>, from: number, to: number): number => {
  const moments = [from, ...acknowledged.filter((moment) => moment > from).toSorted((a, b) => a - b), to]
  return Math.max(...moments.slice(1).map((moment, i) => moment - moments[i]!))
}

/** Has some nodes write to a tree, and does something in the midst: the longest gap, and what was acknowledged and is not there. */
const gapAt = (
  writers: ReadonlyArray<WorkNode>,
  tree: string,
  done: Effect.Effect<unknown, unknown>
): Effect.Effect<{ readonly gap: number; readonly lost: number; readonly failed: number }, unknown> =>
  Effect.gen(function* () {
    const each = {
      forMillis: BEFORE_MILLIS + AFTER_MILLIS,
      perSecond: WRITES_PER_SECOND / writers.length,
      tree
    }
    const writing = yield* Effect.fork(
      Effect.forEach(writers, ({ process }, i) => process.client.Pace({ ...each, seed: i + 1 }), {
        concurrency: "unbounded"
      })
    )
    yield* Effect.sleep(BEFORE_MILLIS)
    const from = now()
    yield* done
    const paced = yield* Fiber.join(writing)
    const acknowledged = paced.flatMap((one) => one.acknowledged)
    const there = yield* writers[0]!.process.client.Entries({ tree })
    return {
      failed: paced.reduce((count, { failed }) => count + failed, 0),
      gap: longestGap(acknowledged, from, from + AFTER_MILLIS),
      lost: Math.max(0, acknowledged.length - there)
    }
  })

interface Disturbance {
  readonly begin: (node: WorkNode) => Effect.Effect<unknown>
  /** Brings it back, so that it can serve. */
  readonly end: (node: WorkNode) => Effect.Effect<unknown, unknown>
}

const killed: Disturbance = {
  begin: ({ kill }) => kill,
  end: (node) =>
    Effect.zipRight(
      node.start,
      Effect.suspend(() => node.process.client.Ready())
    )
}
const stopped: Disturbance = {
  begin: ({ process }) => process.pause,
  end: ({ process }) => Effect.zipRight(process.resume, process.client.Ready())
}

/** After a node came back the others have noticed, and it has what it missed, within this. */
const REST_MILLIS = 5_000

/** Disturbs some nodes while others write to a new tree; then all are as before. */
const disturbed = (
  disturbance: Disturbance,
  writers: ReadonlyArray<WorkNode>,
  tree: string,
  victims: ReadonlyArray<WorkNode>
) =>
  Effect.gen(function* () {
    const gap = yield* gapAt(writers, tree, Effect.forEach(victims, disturbance.begin, { concurrency: "unbounded" }))
    yield* Effect.forEach(victims, disturbance.end, { concurrency: "unbounded" })
    yield* Effect.sleep(REST_MILLIS)
    return gap
  })

/** Two nodes that write to one tree, and the one whom they both ask for turns. */
const contenders = (nodes: ReadonlyArray<WorkNode>, tree: string) =>
  Effect.gen(function* () {
    yield* clientOf(nodes, 0).Create({ trees: [tree] })
    const { coordinator } = yield* keepersOf(nodes, tree)
    const others = nodes.filter(({ peer }) => peer !== coordinator)
    return { victims: nodes.filter(({ peer }) => peer === coordinator), writers: others.slice(0, 2) }
  })

const METHOD =
  "One node puts entries into a tree at 100/s; the longest time without an acknowledgement within 4.5 s of the signal to another member. coordinator: the same where two nodes write to one tree, at 50/s " +
  "each, and the member that gives them their turns is the one. failed: writes that failed with an error; lost: acknowledged ones that are not there."

const oneOf = (name: string, disturbance: Disturbance, most: number): Benchmark => ({
  durable: false,
  method: METHOD,
  name,
  prepare: (workplace) =>
    Effect.map(startWork(workplace), (nodes) =>
      bounded(
        Effect.gen(function* () {
          const single = newName("disturbed")
          yield* clientOf(nodes, 0).Create({ trees: [single] })
          const member = yield* disturbed(disturbance, nodes.slice(0, 1), single, nodes.slice(-1))
          const both = newName("disturbed")
          const { victims, writers } = yield* contenders(nodes, both)
          const coordinator = yield* disturbed(disturbance, writers, both, victims)
          return {
            coordinator: coordinator.gap,
            failed: member.failed + coordinator.failed,
            lost: member.lost + coordinator.lost,
            value: member.gap
          }
        })
      )
    ),
  runs: RUNS,
  target: allOf(atMost(most), atMost(most, "coordinator"), atMost(0, "lost")),
  unit: "ms"
})

const FIVE: WorkNetworkOptions = { clusterSize: 5, faultModel: "crash" }

const two: Benchmark = {
  durable: false,
  method:
    "One node of five, crash, cluster size 5, puts entries into a tree at 100/s while two others are killed at once.",
  name: "network.kill2",
  prepare: (workplace) =>
    Effect.map(startWork(workplace, FIVE), (nodes) =>
      bounded(
        Effect.gen(function* () {
          const tree = newName("disturbed")
          yield* clientOf(nodes, 0).Create({ trees: [tree] })
          const { gap, ...rest } = yield* disturbed(killed, nodes.slice(0, 1), tree, nodes.slice(-2))
          return { ...rest, value: gap }
        })
      )
    ),
  runs: RUNS,
  target: allOf(atMost(3_000), atMost(0, "lost")),
  unit: "ms"
}

/** All of nodes that are killed, or stand still. */
export const kills: ReadonlyArray<Benchmark> = [
  oneOf("network.kill1", killed, 600),
  oneOf("network.stop1", stopped, 3_000),
  two
]
