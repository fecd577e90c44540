/** Builds with one deliberate mistake each: random seeds are to find what comes of it, and the explorer what they do not. */
import { createRequire } from "node:module"
import { availableParallelism } from "node:os"
import * as Path from "node:path"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { ClusterMutations, ClusterSimulation, Explore } from "effect-optimystic/simulator"
import { rowOf } from "../exploration.ts"
import { withMutant } from "../mutants.ts"
import type { Command } from "./command.ts"
import { hasher } from "./hasher.ts"
import { printout } from "./printout.ts"

/** How a mistake was found, if it was. */
export interface MutantRow {
  readonly name: string
  readonly caughtBy: "seed" | "explorer" | "nobody"
  /** The seed that caught it. */
  readonly seed?: number
  /** So many seeds were tried. */
  readonly seeds: number
  readonly explanation: string
  /** Why no seed caught it. */
  readonly reason?: string
  readonly seconds: number
}

/** A row, and all that there is to say of the seed. */
interface Found {
  readonly row: MutantRow
  readonly printout?: string
}

/** What one worker is to look for in which seeds. */
interface Task {
  readonly name: string
  readonly seedStart: number
  readonly seeds: number
}

type NodeBuild = NonNullable<Parameters<typeof ClusterSimulation.run>[3]>

const require = createRequire(import.meta.url)

/** The nodes of the package in a folder: not those that this program is built with. */
const nodesIn = (folder: string): NodeBuild => {
  const layerIn = <Layer>(file: string): Layer =>
    (require(Path.join(folder, "dist", "layers", "cluster", file)) as { readonly layer: Layer }).layer
  return { growing: layerIn("DirectoryNode.js"), node: layerIn("ClusterNode.js") }
}

const replayOf = (name: string, seed: number): string =>
  `npm run simulate -- --mutations --only ${JSON.stringify(name)} --seeds 1 --seed-start ${seed}`

/** The first seed that fails, and how many were tried. */
const firstFailing = (
  build: NodeBuild,
  options: ClusterSimulation.Options,
  { seedStart, seeds }: Task
): readonly [report: ClusterSimulation.Report | undefined, tried: number] => {
  for (let tried = 1; tried <= seeds; tried++) {
    const report = ClusterSimulation.run(hasher, seedStart + tried - 1, options, build)
    if (report.violations.length > 0) return [report, tried]
  }
  return [undefined, seeds]
}

/** What the explorer makes of a mistake that it has in its list. */
const explored = (folder: string, name: string): Pick<MutantRow, "caughtBy" | "explanation"> => {
  const isInItsList = Explore.mutations.some((mutation) => mutation.name === name)
  const violation = isInItsList ? rowOf(folder, "--mutation", name).violation : undefined
  return violation === undefined
    ? { caughtBy: "nobody", explanation: isInItsList ? "the explorer finds nothing" : "the explorer does not see it" }
    : { caughtBy: "explorer", explanation: [violation.invariant, ...violation.trace].join("\n") }
}

const lookFor = (task: Task): Promise<Found> => {
  const { name } = task
  const { replacements, search } = ClusterMutations.mutations.find((mutation) => mutation.name === name)!
  const started = performance.now()
  const seconds = () => Number(((performance.now() - started) / 1000).toFixed(1))
  return withMutant(replacements, (folder): Found => {
    if ("unreachable" in search) {
      const { caughtBy, explanation } = explored(folder, name)
      return { row: { caughtBy, explanation, name, reason: search.unreachable, seconds: seconds(), seeds: 0 } }
    }
    const options = { ...ClusterSimulation.defaultOptions, ...search }
    const [report, seeds] = firstFailing(nodesIn(folder), options, task)
    if (report === undefined) {
      const { caughtBy, explanation } = explored(folder, name)
      return { row: { caughtBy, explanation, name, reason: "no seed got that far", seconds: seconds(), seeds } }
    }
    const { seed, violations } = report
    return {
      printout: printout(report, replayOf(name, seed)),
      row: { caughtBy: "seed", explanation: violations[0]!, name, seconds: seconds(), seed, seeds }
    }
  })
}

const count = (rows: ReadonlyArray<MutantRow>, by: MutantRow["caughtBy"]): number =>
  rows.filter(({ caughtBy }) => caughtBy === by).length

/** Looks for mistakes on all cores, and tells of each. Whether all were found. */
export const simulateMutants = async (
  { json, seedStart, seeds, workers }: Command,
  mutations: ReadonlyArray<ClusterMutations.Mutation>
): Promise<boolean> => {
  const started = performance.now()
  const waiting = mutations.map(({ name }): Task => ({ name, seedStart, seeds }))
  const rows: Array<MutantRow> = []
  const tell = ({ printout, row }: Found) => {
    rows.push(row)
    console.error(`${rows.length} of ${mutations.length}: ${row.name}, by ${row.caughtBy}, ${row.seconds} s`)
    if (printout !== undefined) console.error(`\n${printout}\n`)
    if (json) console.log(JSON.stringify(row))
    else console.log(`${row.name}: by ${row.caughtBy} ${row.seed ?? ""} (${row.reason ?? `${row.seeds} seeds`})`)
  }
  const work = async (): Promise<void> => {
    // A thread for each: modules of a build, once loaded, are never let go.
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      const worker = new Worker(new URL(import.meta.url), { workerData: task })
      tell(await new Promise<Found>((resolve, reject) => worker.on("message", resolve).on("error", reject)))
    }
  }
  await Promise.all(Array.from({ length: workers ?? availableParallelism() }, work))
  const summary = {
    mutations: rows.length,
    bySeeds: count(rows, "seed"),
    byExplorer: count(rows, "explorer"),
    missed: rows.filter(({ caughtBy }) => caughtBy === "nobody").map(({ name }) => name),
    seconds: Number(((performance.now() - started) / 1000).toFixed(1))
  }
  console.log(
    json
      ? JSON.stringify(summary)
      : `${summary.bySeeds} of ${summary.mutations} by seeds, ${summary.byExplorer} by the explorer`
  )
  return summary.missed.length === 0
}

if (!isMainThread) parentPort?.postMessage(await lookFor(workerData as Task))
