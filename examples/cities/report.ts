/**
 * What the example prints.
 */
import { Console, Effect } from "effect"
import { bold, count, countryName, degrees, dim, green, megabytes, millis, rate, table } from "./format.ts"
import type { Imported } from "./importing.ts"
import type { City } from "./model.ts"
import { NODES } from "./network.ts"

export const title = (text: string) => Console.log(`\n${bold(text)}`)

/** Something that was checked and found to be right. */
export const passed = (text: string) => Console.log(`  ${green("✓")} ${text}`)

/** Facts, each under its name. */
export const facts = (rows: ReadonlyArray<readonly [name: string, fact: string]>) =>
  Console.log(table(["<", "<"], rows))

const cities = (heading: string, found: Iterable<City>) => {
  const rows = Array.from(found, ({ latitude, longitude, name, population }, index) => [
    `${index + 1}`,
    name,
    count(population),
    degrees(latitude, "N", "S"),
    degrees(longitude, "E", "W")
  ])
  const body = rows.length === 0 ? dim("  none of those imported") : table([">", "<", ">", ">", ">"], rows)
  return Effect.zipRight(title(heading), Console.log(body))
}

/** The answer to: which are the largest cities of a country? */
export const largestIn = (country: string, found: Iterable<City>) =>
  cities(`The largest cities of ${countryName(country)}`, found)

/** The answer to: which cities of a country are of such a size? */
export const ofSize = (country: string, least: number, most: number, found: Iterable<City>) =>
  cities(`Cities of ${countryName(country)} with ${count(least)} to ${count(most)} people`, found)

/** What was done, how often and in what time. Durations in milliseconds. */
export interface Figures extends Imported {
  readonly cities: number
  readonly starting: number
  readonly catchingUp: number
  readonly gets: ReadonlyArray<number>
  readonly getting: number
  readonly scanned: number
  readonly scanning: number
  readonly revisions: number
  readonly verifying: number
  readonly stopping: number
  readonly bytes: number
  readonly total: number
}

/** The value below which a share of the samples lies. */
const percentile = (samples: ReadonlyArray<number>, share: number): number =>
  samples.toSorted((a, b) => a - b)[Math.ceil(samples.length * share) - 1] ?? 0

const latency = (samples: ReadonlyArray<number>): string =>
  `p50 ${millis(percentile(samples, 0.5))}, p99 ${millis(percentile(samples, 0.99))}`

export const summary = (figures: Figures) => {
  const { bytes, cities, gets, getting, latencies, revisions, scanned, scanning, took, total, verifying } = figures
  const timed = (name: string, done: number, tookMillis: number, beside = "") => [
    name,
    count(done),
    millis(tookMillis),
    rate(done, tookMillis),
    beside
  ]
  const rows = [
    timed("Transactions", latencies.length, took, latency(latencies)),
    timed("Cities imported", cities, took),
    timed("Cities read by id", gets.length, getting, latency(gets)),
    timed("Entries scanned", scanned, scanning),
    timed("Revisions verified", revisions, verifying),
    ["Four nodes started", "", millis(figures.starting), "", ""],
    ["Gap at the kill", "", millis(figures.gap), "", "the longest time without an acknowledged transaction"],
    [
      "Caught up",
      count(figures.without),
      millis(figures.catchingUp),
      "",
      "transactions that the killed node had missed"
    ],
    ["Four nodes stopped", "", millis(figures.stopping), "", ""],
    ["On disk", megabytes(bytes), "", "", `${count(bytes / cities / NODES)} bytes a city and node`],
    ["All in all", "", millis(total), "", ""]
  ]
  return Effect.zipRight(title("Summary"), Console.log(table(["<", ">", ">", ">", "<"], rows)))
}
