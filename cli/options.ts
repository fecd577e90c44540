/** What commands take: arguments and options that several of them share. */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json } from "../schemas/Json.ts"

/** Where the database is. */
export const data = Options.text("data").pipe(
  Options.filterMap((path) => Option.liftPredicate(path, (path) => path !== ""), "--data must name a directory"),
  Options.withPseudoName("DIR"),
  Options.withDescription("The directory of the database. Commands that write make it where it is absent.")
)

/** For machines. */
export const json = Options.boolean("json").pipe(
  Options.withDescription("Results as one JSON object per line on standard output, errors as one on standard error.")
)

/** The name of a collection. */
export const collection = Args.text({ name: "collection" }).pipe(Args.withDescription("The name of the collection."))

/** The key of an entry. */
export const key = Args.text({ name: "key" }).pipe(Args.withDescription("The key of the entry: any text."))

const parse = (text: string): Effect.Effect<Json, HelpDoc.HelpDoc> =>
  Effect.try({
    try: () => JSON.parse(text) as Json,
    catch: () => HelpDoc.p(`Not JSON: ${text} (a text needs quotes of its own: '"${text.replaceAll('"', "")}"')`)
  })

/** A JSON value. */
export const value = Args.text({ name: "json" }).pipe(
  Args.mapEffect(parse),
  Args.withDescription("The value, as JSON. A text needs its quotes: '\"text\"'.")
)

const bound = (name: string, description: string) =>
  Options.text(name).pipe(Options.withPseudoName("KEY"), Options.withDescription(description), Options.optional)

/** The bounds of a range of keys. */
export const bounds = {
  from: bound("from", "The lowest key. Without it, the first."),
  to: bound("to", "The highest key. Without it, the last.")
}

/** The order of what is read. */
export const reverse = Options.boolean("reverse").pipe(Options.withDescription("From the last to the first."))

/** A whole number, not negative. */
export const count = (name: string, description: string) =>
  Options.integer(name).pipe(
    Options.filterMap((n) => Option.liftPredicate(n, (n) => n >= 0), `--${name} must not be negative`),
    Options.withPseudoName("N"),
    Options.withDescription(description),
    Options.optional
  )

/** How much is read. */
export const limit = count("limit", "At most so many. Without it, all.")
