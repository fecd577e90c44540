/**
 * Looks at all states of small worlds, by the real member machine: `npm run explore -- [--json] [--mutations] [--only name,prefix]`.
 * With `--mutations`, at builds with one deliberate mistake each, which must be found.
 *
 * Figures go to standard output, a line of JSON for each row or a table; progress to standard error. Ends 1 where there is a
 * violation, with `--mutations` where there is none; 2 where an option is wrong.
 */
import { Explore } from "effect-optimystic/simulator"
import { optionsOf, wrong } from "./commandLine.ts"
import { type Row, rowOf } from "./exploration.ts"
import { PACKAGE_FOLDER, withMutant } from "./mutants.ts"

const {
  json,
  mutations: isOfMutants,
  only
} = optionsOf({
  json: { default: false, type: "boolean" },
  mutations: { default: false, type: "boolean" },
  only: { type: "string" }
})

const selected = <A extends { readonly name: string }>(all: ReadonlyArray<A>): ReadonlyArray<A> => {
  const prefixes = only?.split(",") ?? [""]
  const found = all.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)))
  return found.length > 0 ? found : wrong(`--only ${only}: there are\n  ${all.map(({ name }) => name).join("\n  ")}`)
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

const exploreMutants = async (): Promise<boolean> => {
  let areAllFound = true
  for (const { name, replacements } of selected(Explore.mutations)) {
    const row = await withMutant(replacements, (folder) => rowOf(folder, "--mutation", name))
    tell(name, row)
    areAllFound &&= row.violation !== undefined
  }
  return areAllFound
}

process.exitCode = (isOfMutants ? await exploreMutants() : exploreAll()) ? 0 : 1
