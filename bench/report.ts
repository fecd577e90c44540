/**
 * Results as they are printed: one line of JSON each, or a table.
 */
import type { Environment } from "./environment.ts"
import type { Benchmark, Measurement } from "./harness.ts"

/** What came of a benchmark: what it measured, or why it measured nothing. */
export interface Result {
  readonly benchmark: Benchmark
  readonly runs: number
  readonly outcome: Measurement | { readonly error: string }
  /** Whether its figure was taken on a real disk, where that matters. */
  readonly counts: boolean
}

/** Digits that a figure deserves. */
const SIGNIFICANT = 5

const rounded = (figure: number): number => Number(figure.toPrecision(SIGNIFICANT))

const isMeasured = (outcome: Result["outcome"]): outcome is Measurement => "value" in outcome

/** Whether a benchmark reached what it must, where that counts. */
export const isReached = ({ benchmark, counts, outcome }: Result): boolean =>
  counts && isMeasured(outcome) && benchmark.target.met(outcome)

const fieldsOf = ({ value: _value, ...fields }: Measurement) =>
  Object.entries(fields).map(([field, figure]) => [field, rounded(figure)] as const)

/** A result as one line of JSON. */
export const resultLine = (result: Result): string => {
  const { benchmark, counts, outcome, runs } = result
  const { durable, method, name, target, unit } = benchmark
  return JSON.stringify({
    name,
    ...(isMeasured(outcome)
      ? { value: rounded(outcome.value), unit, ...Object.fromEntries(fieldsOf(outcome)) }
      : { value: null, unit, ...outcome }),
    target: target.text,
    ok: isReached(result),
    ...(durable && { durable: counts }),
    runs,
    ...(method !== undefined && { method })
  })
}

/** The environment as one line of JSON: the figure is that of the disk. */
export const environmentLine = ({ fdatasyncMillis, ...environment }: Environment): string =>
  JSON.stringify({ name: "environment.fdatasync", value: rounded(fdatasyncMillis), unit: "ms", ...environment })

/** The environment as the head of a table. */
export const environmentText = ({
  cores,
  durable,
  fdatasyncMillis,
  filesystem,
  load,
  node,
  platform
}: Environment): string =>
  `Node ${node}, ${platform}, ${cores} cores, ${filesystem}, fdatasync p50 ${rounded(fdatasyncMillis)} ms` +
  (load < cores ? "" : `\nThe machine is busy (load ${load.toFixed(1)}): figures will be low.`) +
  (durable ? "" : "\nNo real disk: durable figures do not count.")

const thousands = (figure: number): string =>
  rounded(figure).toLocaleString("en-US", { maximumSignificantDigits: SIGNIFICANT })

const HEADINGS = ["name", "value", "unit", "target", "", "beside"]
const RIGHT_ALIGNED = new Set([1])

const rowOf = (result: Result): ReadonlyArray<string> => {
  const { benchmark, counts, outcome } = result
  const { name, target, unit } = benchmark
  if (!isMeasured(outcome)) return [name, "-", unit, target.text, "failed", outcome.error]
  const mark = !counts ? "no disk" : isReached(result) ? "ok" : "SHORT"
  const beside = fieldsOf(outcome).map(([field, figure]) => `${field} ${thousands(figure)}`)
  return [name, thousands(outcome.value), unit, target.text, mark, beside.join(", ")]
}

/** The results as a table. */
export const table = (results: ReadonlyArray<Result>): string => {
  const rows = [HEADINGS, ...results.map(rowOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) =>
        RIGHT_ALIGNED.has(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
      )
      .join("  ")
      .trimEnd()
  const methods = results.flatMap(({ benchmark: { method, name } }) =>
    method === undefined ? [] : [`${name}: ${method}`]
  )
  return [...rows.map(line), ...methods].join("\n")
}
