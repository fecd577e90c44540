/** Many seeds of one simulation, shared out to threads. */
import { createHash } from "node:crypto"
import { availableParallelism } from "node:os"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { ClusterSimulation } from "effect-optimystic/simulator"
import { type Command, commandOf } from "./command.ts"
import { hasher } from "./hasher.ts"
import { printout } from "./printout.ts"

/** The seeds of one worker: every so many from one on. */
interface Share {
  readonly command: Command
  readonly first: number
  readonly step: number
}

/** Fewer seeds are not worth another thread. */
const MIN_SEEDS_EACH = 2
/** Most of what a seed makes is garbage soon: with a small nursery, a tenth of its time goes into moving what is about to be. */
const WORKER_LIMITS = { maxYoungGenerationSizeMb: 128 }
const PROGRESS_EVERY = 10
const work = ({ command, first, step }: Share): void => {
  const { seedStart, seeds } = command
  for (let seed = first; seed < seedStart + seeds; seed += step) {
    parentPort?.postMessage(ClusterSimulation.run(hasher, seed, command.options))
  }
}

type Report = ClusterSimulation.Report

const sum = (reports: ReadonlyArray<Report>, of: (report: Report) => number): number =>
  reports.reduce((total, report) => total + of(report), 0)

const summaryOf = ({ options, seedStart, seeds }: Command, unordered: ReadonlyArray<Report>, seconds: number) => {
  const reports = unordered.toSorted((a, b) => a.seed - b.seed)
  const faults: Record<string, number> = {}
  for (const report of reports) {
    for (const [kind, count] of Object.entries(report.faults)) faults[kind] = (faults[kind] ?? 0) + count
  }
  const traces = createHash("sha256")
  for (const { traceHash } of reports) traces.update(traceHash)
  const { clusterSize, faultModel, nodes, placement, workload } = options
  return {
    seeds,
    seedStart,
    workload,
    nodes,
    clusterSize,
    faultModel,
    placement,
    committed: sum(reports, ({ committed }) => committed),
    aborted: sum(reports, ({ aborted }) => aborted),
    unknown: sum(reports, ({ unknown }) => unknown),
    violations: sum(reports, ({ violations }) => violations.length),
    oneRound: sum(reports, ({ oneRound }) => oneRound),
    twoRounds: sum(reports, ({ twoRounds }) => twoRounds),
    multiShard: sum(reports, ({ multiShard }) => multiShard),
    recovered: sum(reports, ({ recovered }) => recovered),
    faults,
    traceHash: traces.digest("hex").slice(0, 16),
    failed: reports.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
    seconds: Number(seconds.toFixed(1))
  }
}

/** Simulates seeds one after another on all cores, and tells of each that fails. */
export const simulateSeeds = (command: Command): void => {
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const reports: Array<Report> = []
  const threads = Math.max(
    1,
    Math.min(command.workers ?? availableParallelism(), Math.floor(command.seeds / MIN_SEEDS_EACH))
  )
  const heard = (report: Report) => {
    reports.push(report)
    if (report.violations.length > 0) console.error(`\n${printout(report, commandOf(command, report.seed))}\n`)
    if (reports.length % PROGRESS_EVERY === 0 || reports.length === command.seeds) {
      console.error(`${reports.length} of ${command.seeds} seeds, ${seconds().toFixed(1)} s`)
    }
    if (reports.length < command.seeds) return
    const summary = summaryOf(command, reports, seconds())
    if (!command.json) {
      for (const [name, value] of Object.entries(summary)) console.log(`${name}: ${JSON.stringify(value)}`)
    } else console.log(JSON.stringify(summary))
    process.exitCode = summary.violations > 0 ? 1 : 0
  }
  for (let i = 0; i < threads; i++) {
    const share: Share = { command, first: command.seedStart + i, step: threads }
    const worker = new Worker(new URL(import.meta.url), { resourceLimits: WORKER_LIMITS, workerData: share })
    worker.on("message", heard).on("error", (error) => {
      console.error(error)
      process.exit(1)
    })
  }
}

if (!isMainThread) work(workerData as Share)
