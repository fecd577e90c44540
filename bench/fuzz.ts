/**
 * The long form of the B+tree's random test: `npm run fuzz -- [--seeds 100] [--operations 30000] [--first 0]`. Progress
 * goes to standard error, one line of JSON to standard output. Ends 1 at the first seed that breaks a rule.
 */
import { parseArgs } from "node:util"
import { fuzzBTree } from "effect-optimystic/testing"

const PROGRESS_EVERY = 10

const { values } = parseArgs({
  options: {
    first: { default: "0", type: "string" },
    operations: { default: "30000", type: "string" },
    seeds: { default: "100", type: "string" }
  }
})

const wholeNumber = (name: keyof typeof values, least: number): number => {
  const value = Number(values[name])
  if (Number.isSafeInteger(value) && value >= least) return value
  console.error(`--${name} must be a whole number, at least ${least}; it is ${JSON.stringify(values[name])}`)
  process.exit(2)
}

const first = wholeNumber("first", 0)
const seeds = wholeNumber("seeds", 1)
const operations = wholeNumber("operations", 1)

const started = performance.now()
const seconds = () => Number(((performance.now() - started) / 1000).toFixed(1))
const totals = { deleted: 0, faults: 0, inserted: 0, largest: 0, updated: 0 }
let failed: { readonly seed: number; readonly violation: string } | undefined
let done = 0

while (done < seeds && failed === undefined) {
  const report = fuzzBTree({ operations, seed: first + done })
  done += 1
  totals.deleted += report.deleted
  totals.faults += report.faults
  totals.inserted += report.inserted
  totals.updated += report.updated
  totals.largest = Math.max(totals.largest, report.largest)
  if (report.violation !== undefined) {
    failed = { seed: report.seed, violation: report.violation }
    console.error(`seed ${report.seed} (${report.profile}): ${report.violation}`)
    console.error(`replay: npm run fuzz -- --first ${report.seed} --seeds 1 --operations ${operations}`)
  } else if (done % PROGRESS_EVERY === 0 || done === seeds) {
    console.error(`${done} of ${seeds} seeds, ${seconds()} s`)
  }
}

console.log(
  JSON.stringify({ name: "fuzz.btree", first, seeds: done, operations, ...totals, seconds: seconds(), failed })
)
process.exitCode = failed === undefined ? 0 : 1
