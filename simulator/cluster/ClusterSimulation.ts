/** A whole cluster under faults, from one seed: what clients saw and what nodes kept must agree with the promises. */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { HasherService } from "../../services/Hasher.ts"
import type { Placement } from "../../src/collection/Collection.ts"
import * as Prng from "../../src/random/Prng.ts"
import * as StrictSerializability from "../checker/StrictSerializability.ts"
import { FaultCounts, type FaultKind } from "../FaultCounts.ts"
import { LIES } from "../liars/Liars.ts"
import * as Simulation from "../Simulation.ts"
import type { TraceEvent } from "../Trace.ts"
import type { Workload } from "../workloads/Workload.ts"
import * as Workloads from "../workloads/Workloads.ts"
import { Account, transact } from "./Client.ts"
import { Cluster, type ClusterShape, shapeProblem, thisBuild } from "./Cluster.ts"
import { type Decisions, Evidence } from "./Evidence.ts"
import { defaultFaultPolicy, FAULT_GROUPS, type FaultGroup, FaultSchedule } from "./FaultSchedule.ts"
import * as growing from "./growing.ts"
import type { NodeBuild, SimulatedNode } from "./SimulatedNode.ts"
import { settle } from "./settle.ts"

/** What is simulated. */
export interface Options extends Omit<ClusterShape, "newcomers"> {
  readonly workload: Workloads.WorkloadName
  readonly placement: Placement
  readonly faults: ReadonlyArray<FaultGroup>
  readonly clients: number
  /** Transactions of each client. */
  readonly transactions: number
  /** Those of each client of a liar. */
  readonly liarTransactions: number
  /** The longest pause between two faults, in milliseconds. */
  readonly faultPauseMillis: number
  /** The longest that one lasts, in milliseconds. */
  readonly faultMillis: number
}

export const defaultOptions: Options = {
  clients: 5,
  clusterSize: 4,
  faultModel: "byzantine",
  faultMillis: defaultFaultPolicy.maxFaultMillis,
  faultPauseMillis: defaultFaultPolicy.maxPauseMillis,
  faults: FAULT_GROUPS,
  liarTransactions: 4,
  lies: LIES,
  nodes: 5,
  placement: "together",
  transactions: 45,
  workload: "list-append"
}

/** Why nothing such can be simulated. */
export const optionsProblem = (options: Options): string | undefined => shapeProblem({ ...options, newcomers: 0 })

/** How a simulation went. */
export interface Report extends Decisions {
  readonly seed: number
  /** What clients heard of their transactions. */
  readonly committed: number
  readonly aborted: number
  readonly unknown: number
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  /** What must not be; nothing, if all is well. */
  readonly violations: ReadonlyArray<string>
  readonly traceHash: string
  /** Virtual milliseconds passed. */
  readonly nowMillis: number
  /** The last things that happened. */
  readonly events: ReadonlyArray<TraceEvent>
}

/** About half a minute of real time, and far more than any run needs. */
const MAX_STEPS = 20_000_000
/** A client that finds its node down looks for another after so long. */
const LOOK_AGAIN_MILLIS = 10
/** So often; then it gives up. */
const MAX_LOOKS = 200
/** A liar has several, so that its transactions are in each other's way. */
const CLIENTS_OF_LIAR = 3
/** The longest that a client thinks between two transactions. */
const MAX_THINK_MILLIS = 30

/**
 * Simulates one seed. The same seed and options give the same report. `build`: what the nodes are made of; what checks them is always
 * of this build.
 */
export const run = (hasher: HasherService, seed: number, options: Options, build: NodeBuild = thisBuild): Report => {
  const counts = new FaultCounts()
  const account = new Account()
  const logger = Logger.make(({ logLevel, message }) => {
    if (LogLevel.greaterThanEqual(logLevel, LogLevel.Error))
      account.object(`a node raised the alarm: ${String(message)}`)
  })
  const program = Effect.provide(
    Logger.withMinimumLogLevel(
      life(Prng.make(`cluster-${seed}`), build, hasher, options, counts, account),
      LogLevel.Error
    ),
    Logger.replace(Logger.defaultLogger, logger)
  )
  const { events, exit, nowMillis, traceHash } = Simulation.run(program, { maxSteps: MAX_STEPS, seed })
  const ended = Exit.isSuccess(exit)
    ? exit.value
    : { decisions: { multiShard: 0, oneRound: 0, recovered: 0, twoRounds: 0 }, problems: [Cause.pretty(exit.cause)] }
  const serializability = StrictSerializability.check(account.history).map(StrictSerializability.explain)
  return {
    ...ended.decisions,
    aborted: account.count(false),
    committed: account.count(true),
    events,
    faults: counts.toJSON(),
    nowMillis,
    seed,
    traceHash,
    unknown: account.count("unknown"),
    violations: [...account.problems, ...ended.problems, ...serializability]
  }
}

interface Ended {
  readonly decisions: Decisions
  readonly problems: ReadonlyArray<string>
}

/** All that happens: a start in peace, work under faults, healing, quiet, and a last look at everything. */
const life = (
  prng: Prng.Prng,
  build: NodeBuild,
  hasher: HasherService,
  options: Options,
  counts: FaultCounts,
  account: Account
) =>
  Effect.gen(function* () {
    const groups = new Set(options.faults)
    const shape: ClusterShape = {
      ...options,
      lies: groups.has("liars") ? options.lies : [],
      newcomers: Workloads.newcomersOf(options.workload)
    }
    const cluster = yield* Cluster.make(shape, build, prng, hasher, counts)
    yield* cluster.start
    if (!(yield* growing.settled(cluster))) return ended(cluster, ["the founders do not come to be active"])
    const workload = Workloads.make(options.workload, options.placement)
    const [first] = cluster.honest
    for (const [i, body] of workload.setUp.entries()) {
      const committed = yield* transact(account, `set-up-${i}`, first!, body)
      if (committed !== true) return ended(cluster, [`the set-up ends with ${committed}`])
    }
    const policy = {
      ...defaultFaultPolicy,
      maxFaultMillis: options.faultMillis,
      maxPauseMillis: options.faultPauseMillis
    }
    const faults = new FaultSchedule(cluster, groups, prng.fork("faults"), policy)
    const failing = yield* Effect.forkDaemon(faults.run)
    const joining =
      cluster.newcomers.length === 0 ? undefined : yield* Effect.forkDaemon(growing.joining(cluster, prng))
    const common = { account, isGrowing: cluster.newcomers.length > 0, workload }
    const honest = { ...common, nodes: cluster.honest, transactions: options.transactions }
    // A coordinator lies only where it has something to coordinate.
    const liars = cluster.nodes.filter(({ liar }) => liar !== undefined)
    const lying = { ...common, nodes: liars, transactions: options.liarTransactions }
    const working = Effect.zip(
      workAll(honest, prng, "client", options.clients),
      workAll(lying, prng, "liar", liars.length * CLIENTS_OF_LIAR),
      {
        concurrent: true
      }
    )
    yield* untilBroken(account, working)
    yield* Fiber.interrupt(failing)
    if (joining !== undefined) yield* Fiber.join(joining)
    yield* faults.heal
    // What is broken already would only be hidden by more of the same.
    if (account.problems.length > 0 || new Evidence(cluster).violations.length > 0) return ended(cluster, [])
    const settled = yield* untilBroken(account, settle(cluster, workload, account))
    return ended(cluster, settled ?? [])
  })

/** Goes on until there is a problem that nothing can mend; then undefined. */
const untilBroken = <A>({ broken }: Account, effect: Effect.Effect<A>): Effect.Effect<A | undefined> =>
  Effect.raceFirst(Effect.disconnect(effect), Effect.as(Deferred.await(broken), undefined))

const ended = (cluster: Cluster, problems: ReadonlyArray<string>): Ended => {
  const evidence = new Evidence(cluster)
  return { decisions: evidence.decisions, problems: [...evidence.violations, ...problems] }
}

/**
 * Where a client works: at its own node, or at another while that is down; in a network that grows, at one or the other. Undefined where
 * all are down, for long.
 */
const nodeFor = (
  { isGrowing, nodes }: Work,
  prng: Prng.Prng,
  number: number
): Effect.Effect<SimulatedNode | undefined> =>
  Effect.gen(function* () {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const up = nodes.filter(({ life }) => life !== undefined)
      const home = isGrowing ? prng.pick(nodes) : nodes[number % nodes.length]!
      const node = home.life === undefined && up.length > 0 ? prng.pick(up) : home
      if (node.life !== undefined) return node
      yield* Effect.sleep(Duration.millis(LOOK_AGAIN_MILLIS))
    }
    return undefined
  })

/** A client at work, one transaction after another. */
const work = (shared: Work, prng: Prng.Prng, name: string, number: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { account, transactions, workload } = shared
    for (let step = 0; step < transactions; step++) {
      yield* Effect.sleep(Duration.millis(prng.nextInt(MAX_THINK_MILLIS)))
      const node = yield* nodeFor(shared, prng, number)
      if (node === undefined) return
      yield* transact(account, `${name}.${step}`, node, workload.next(prng, step))
    }
  })

/** What clients have in common: where they work, and at what. */
interface Work {
  readonly account: Account
  readonly isGrowing: boolean
  readonly nodes: ReadonlyArray<SimulatedNode>
  readonly transactions: number
  readonly workload: Workload
}

/** Clients at work, all at once, each with a generator of its own. */
const workAll = (shared: Work, prng: Prng.Prng, name: string, clients: number) =>
  Effect.forEach(
    Array.from({ length: clients }, (_, client) => client),
    (client) => work(shared, prng.fork(`${name}-${client}`), `${name}-${client}`, client),
    { concurrency: "unbounded", discard: true }
  )
