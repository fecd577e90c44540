/**
 * Numbers and tables for people to read.
 */
import { styleText } from "node:util"

const whole = new Intl.NumberFormat("en")
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 })
const countries = new Intl.DisplayNames("en", { type: "region" })

/** 8336599 as `8,336,599`. */
export const count = (value: number): string => whole.format(Math.round(value))

/** The name of a country by its code, `JP`. */
export const countryName = (code: string): string => countries.of(code) ?? code

/** Milliseconds as `8.12 ms`, `812 ms` or `9.31 s`. */
export const millis = (value: number): string =>
  value < 1_000 ? `${short.format(value)} ms` : `${short.format(value / 1_000)} s`

/** How many a second, as `2,210 /s`. */
export const rate = (done: number, tookMillis: number): string =>
  `${count((done * 1_000) / Math.max(tookMillis, Number.EPSILON))} /s`

/** As `8.05 MB`. */
export const megabytes = (bytes: number): string => `${short.format(bytes / 1_000_000)} MB`

/** 35.6895, "N", "S" as `35.69° N`. */
export const degrees = (value: number, positive: string, negative: string): string =>
  `${Math.abs(value).toFixed(2)}° ${value < 0 ? negative : positive}`

type Style = Parameters<typeof styleText>[0]

const hasColors = process.stdout.isTTY === true && process.stdout.hasColors()
const styled =
  (style: Style) =>
  (text: string): string =>
    hasColors ? styleText(style, text) : text

export const bold = styled("bold")
export const dim = styled("dim")
export const green = styled("green")
export const red = styled("red")

/** Rows as aligned lines: texts to the left, `>` columns to the right. */
export const table = (alignment: ReadonlyArray<"<" | ">">, rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = alignment.map((_, column) => Math.max(0, ...rows.map((row) => row[column]!.length)))
  const cell = (text: string, column: number) =>
    alignment[column] === ">" ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd()).join("\n")
}
