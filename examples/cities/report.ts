/**
 * What the example prints.
 */
import { Console, type Duration, Effect } from "effect"
import { bold, count, countryName, degrees, dim, duration, green, megabytes, rate, table } from "./format.ts"
import type { City } from "./model.ts"

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

/** What was done, how often and in what time. */
export interface Figures {
  readonly cities: number
  readonly transactions: number
  readonly importing: Duration.Duration
  readonly reopening: Duration.Duration
  readonly getting: Duration.Duration
  readonly streamed: number
  readonly streaming: Duration.Duration
  readonly bytes: number
  readonly total: Duration.Duration
}

export const summary = (figures: Figures) => {
  const { bytes, cities, getting, importing, reopening, streamed, streaming, total, transactions } = figures
  const timed = (name: string, done: number, took: Duration.Duration) => [
    name,
    count(done),
    duration(took),
    rate(done, took)
  ]
  const rows = [
    timed("Transactions", transactions, importing),
    timed("Cities imported", cities, importing),
    timed("Cities read by id", cities, getting),
    timed("Entries streamed", streamed, streaming),
    ["Opened again", "", duration(reopening), ""],
    ["On disk", megabytes(bytes), "", `${count(bytes / cities)} bytes a city`],
    ["All in all", "", duration(total), ""]
  ]
  return Effect.zipRight(title("Summary"), Console.log(table(["<", ">", ">", ">"], rows)))
}
