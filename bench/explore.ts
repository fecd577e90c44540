/**
 * Looks at all states of small worlds, by the real member machine: `npm run explore -- [--json] [--mutations] [--only name,prefix]`.
 * With `--mutations`, at builds with one deliberate mistake each, which must be found.
 *
 * Figures go to standard output, a line of JSON for each row or a table; progress to standard error. Ends 1 where there is a
 * violation, with `--mutations` where there is none; 2 where an option is wrong.
 */
import { spawnSync } from "node:child_process"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Explore } from "effect-optimystic/simulator"
import { withMutant } from "./mutants.ts"

/** What `exploreRow.ts` says. */
type Row = Explore.Exploration & {
  readonly about: string
  readonly events: ReadonlyArray<string>
  readonly peakMebibytes: number
  readonly seconds: number
}

const PACKAGE_FOLDER = Path.resolve(fileURLToPath(import.meta.url), "../../..")
const ROW = Path.join("dist", "bench", "exploreRow.js")

const wrong = (problem: string): never => {
  console.error(problem)
  process.exit(2)
}

const parsed = () => {
  try {
    return parseArgs({
      options: {
        json: { default: false, type: "boolean" },
        mutations: { default: false, type: "boolean" },
        only: { type: "string" }
      }
    }).values
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error))
  }
}

const { json, mutations: isOfMutants, only } = parsed()

const selected = <A extends { readonly name: string }>(all: ReadonlyArray<A>): ReadonlyArray<A> => {
  const prefixes = only?.split(",") ?? [""]
  const found = all.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
  return found.length > 0 ? found : wrong(`--only ${only}: there are\n  ${all.map(({ name }) => name).join("\n  ")}`)
}

const rowOf = (folder: string, ...args: ReadonlyArray<string>): Row => {
  const { error, status, stdout } = spawnSync(process.execPath, [Path.join(folder, ROW), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`)
  return JSON.parse(stdout) as Row
}

const tell = (name: string, row: Row): void => {
  if (json) {
    console.log(JSON.stringify({ ...row, name }))
    return
  }
  const { about, events, outcome, peakMebibytes, seconds, states, transitions, violation } = row
  const figures = `${states} states, ${transitions} transitions, depth ${row.depth}, ${seconds} s, ${peakMebibytes} MiB`
  console.log(`${name}: ${outcome}\n  ${about}\n  events: ${events.join(", ")}\n  ${figures}`)
  if (violation === undefined) return
  console.log(`  ${violation.invariant}`)
  for (const [i, line] of violation.trace.entries()) console.log(`  ${String(i + 1).padStart(4)}. ${line}`)
}

const exploreAll = (): boolean =>
  selected(Explore.configurations)
    .map(({ name }) => {
      const row = rowOf(PACKAGE_FOLDER, "--configuration", name)
      tell(name, row)
      return row.violation === undefined
    })
    .every(Boolean)

const exploreMutants = (): boolean =>
  selected(Explore.mutations)
    .map((mutation) => {
      const row = withMutant(PACKAGE_FOLDER, mutation, (folder) => rowOf(folder, "--mutation", mutation.name))
      tell(mutation.name, row)
      return row.violation !== undefined
    })
    .every(Boolean)

process.exitCode = (isOfMutants ? exploreMutants() : exploreAll()) ? 0 : 1
