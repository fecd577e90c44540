/**
 * `npm run bench -- [--json] [--only name,prefix] [--runs n] [--directory path]`
 *
 * Without names all are run but those that take minutes. Figures go to standard output, one JSON object per line or a table;
 * progress to standard error. Ends 0 whether targets are reached or not, 1 where a benchmark fails, 2 where an option is wrong.
 */
import { existsSync } from "node:fs"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { clusters } from "./cluster.ts"
import { optionsOf, wrong } from "./commandLine.ts"
import { directories } from "./directory.ts"
import { disk } from "./disk.ts"
import { defaultDirectory, inspect, workplaceIn } from "./environment.ts"
import { type Benchmark, type Measurement, medians, type Run, type Workplace } from "./harness.ts"
import { local } from "./local.ts"
import { environmentLine, environmentText, isReached, type Result, resultLine, table } from "./report.ts"
import { storage } from "./storage.ts"

const benchmarks: ReadonlyArray<Benchmark> = [...storage, ...local, ...disk, ...clusters, ...directories]

/** A whole name selects one benchmark; what is no whole name selects all that begin with it. */
const selection = (only: string): ReadonlyArray<Benchmark> => {
  const selected = new Set<Benchmark>()
  for (const wanted of only.split(",")) {
    const exact = benchmarks.filter(({ name }) => name === wanted)
    const found = exact.length > 0 ? exact : benchmarks.filter(({ name }) => name.startsWith(wanted))
    if (wanted === "" || found.length === 0) {
      wrong(
        `--only ${wanted}: no benchmark has such a name; there are\n  ${benchmarks.map(({ name }) => name).join("\n  ")}`
      )
    }
    for (const benchmark of found) selected.add(benchmark)
  }
  return benchmarks.filter((benchmark) => selected.has(benchmark))
}

const runsAsked = (text: string): number => {
  const runs = Number(text)
  return Number.isSafeInteger(runs) && runs >= 1
    ? runs
    : wrong(`--runs must be a whole number, at least 1; it is ${text}`)
}

const options = optionsOf({
  directory: { default: defaultDirectory(), type: "string" },
  json: { default: false, type: "boolean" },
  only: { type: "string" },
  runs: { type: "string" }
})
if (!existsSync(options.directory)) wrong(`--directory ${options.directory}: there is no such folder`)
const selected =
  options.only === undefined ? benchmarks.filter(({ isLong }) => isLong !== true) : selection(options.only)
const runs = options.runs === undefined ? undefined : runsAsked(options.runs)

/** All runs of a benchmark, after one that warms up and does not count. */
const measure = (benchmark: Benchmark, workplace: Workplace, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const run: Run = yield* benchmark.prepare(workplace)
      yield* Effect.scoped(run)
      const first = yield* Effect.scoped(run)
      const further: Array<Measurement> = []
      while (further.length + 1 < count) further.push(yield* Effect.scoped(run))
      return medians([first, ...further])
    })
  )

const program = Effect.gen(function* () {
  const workplace = workplaceIn(options.directory)
  const environment = yield* Effect.scoped(inspect(workplace))
  console.log(options.json ? environmentLine(environment) : environmentText(environment))
  const results: Array<Result> = []
  for (const benchmark of selected) {
    const started = performance.now()
    const count = runs ?? benchmark.runs
    const exit = yield* Effect.exit(measure(benchmark, workplace, count))
    const result: Result = {
      benchmark,
      counts: environment.durable || !benchmark.durable,
      outcome: Exit.isSuccess(exit) ? exit.value : { error: Cause.pretty(exit.cause) },
      runs: count
    }
    results.push(result)
    if (Exit.isFailure(exit)) process.exitCode = 1
    if (options.json) console.log(resultLine(result))
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.error(`${benchmark.name}: ${isReached(result) ? "ok" : "short"}, ${seconds} s`)
  }
  if (!options.json) console.log(`\n${table(results)}`)
})

NodeRuntime.runMain(program)
