/**
 * `npm run simulate -- [--seeds 20] [--seed-start 1] [--nodes 5] [--cluster-size 4] [--fault-model byzantine|crash]
 * [--placement together|scatter] [--faults all|none|network,partitions,…] [--workload list-append] [--workers 2] [--json]`
 *
 * Progress, and of each seed that fails an explanation and the line that replays it, go to standard error; the summary to
 * standard output, its last line one JSON object with `--json`. Ends 0 if nothing is wrong, 1 if something is, 2 where an option
 * is.
 */
import { createHash } from "node:crypto"
import { availableParallelism } from "node:os"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import * as Effect from "effect/Effect"
import { NodeCrypto } from "effect-optimystic/layers"
import { Hasher } from "effect-optimystic/services"
import { ClusterSimulation } from "effect-optimystic/simulator"
import { type Command, commandOf, parseCommand } from "./simulate/command.ts"

/** The seeds of one worker: every so many from one on. */
interface Share {
  readonly command: Command
  readonly first: number
  readonly step: number
}

/** Fewer seeds are not worth another thread. */
const MIN_SEEDS_EACH = 2
const PROGRESS_EVERY = 10
/** Of what a seed got wrong, so much is explained; the rest is more of the same. */
const MAX_EXPLAINED = 5
const EVENTS_SHOWN = 30

const work = ({ command, first, step }: Share): void => {
  const hasher = Effect.runSync(Effect.provide(Hasher, NodeCrypto.layerHasher))
  const { seedStart, seeds } = command
  for (let seed = first; seed < seedStart + seeds; seed += step) {
    parentPort?.postMessage(ClusterSimulation.run(hasher, seed, command.options))
  }
}

type Report = ClusterSimulation.Report

const explain = (command: Command, { events, seed, violations }: Report): void => {
  console.error(`\nseed ${seed}: ${violations.length} violation(s)`)
  for (const violation of violations.slice(0, MAX_EXPLAINED)) console.error(`\n${violation}`)
  console.error(`\nWhat happened last, in milliseconds of virtual time:`)
  for (const { nowMillis, text } of events.slice(-EVENTS_SHOWN)) console.error(`  ${nowMillis.toFixed(1)} ${text}`)
  console.error(`\nreplay: ${commandOf(command, seed)}\n`)
}

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

const main = (): void => {
  const command = parseCommand(process.argv.slice(2))
  if (typeof command === "string") {
    console.error(command)
    process.exitCode = 2
    return
  }
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const reports: Array<Report> = []
  const threads = Math.max(
    1,
    Math.min(command.workers ?? availableParallelism(), Math.floor(command.seeds / MIN_SEEDS_EACH))
  )
  const heard = (report: Report) => {
    reports.push(report)
    if (report.violations.length > 0) explain(command, report)
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
    new Worker(new URL(import.meta.url), { workerData: share }).on("message", heard).on("error", (error) => {
      console.error(error)
      process.exit(1)
    })
  }
}

if (isMainThread) main()
else work(workerData as Share)
