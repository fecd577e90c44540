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

/** How a database is kept that a command makes. */
export const storage = Options.choice("storage", ["level", "files"] as const).pipe(
  Options.withDescription(
    "How the data is kept where the database has to be made: in LevelDB, or in JSON files that can be looked at. Without " +
      "it, level. A database that is there stays as it was made, and needs no --storage."
  ),
  Options.optional
)

/** For machines. */
export const json = Options.boolean("json").pipe(
  Options.withDescription("Results as one JSON object per line on standard output, errors as one on standard error.")
)

/** The name of a collection. */
export const collection = Args.text({ name: "collection" }).pipe(Args.withDescription("The name of the collection."))

/** The key of an entry. */
export const key = Args.text({ name: "key" }).pipe(Args.withDescription("The key of the entry: any text."))

/** How the entries of a tree bear their keys. */
export const keyField = Options.text("key").pipe(
  Options.withPseudoName("FIELD"),
  Options.withDescription(
    "For trees whose entries are JSON objects that bear their key themselves, in this property, as those of programs do. " +
      'Without it, an entry is {"key":…,"value":…}.'
  ),
  Options.optional
)

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

const file = (description: string) =>
  Args.text({ name: "file" }).pipe(
    Args.withDescription(description),
    Args.optional,
    Args.map(Option.filter((path) => path !== "-"))
  )

/** A transaction of more entries may change more blocks than a transaction is allowed to. */
const MAX_BATCH = 4_000
const DEFAULT_BATCH = 500

/** What is imported, and how. */
export const importing = {
  batch: Options.integer("batch").pipe(
    Options.filterMap(
      (n) => Option.liftPredicate(n, (n) => n >= 1 && n <= MAX_BATCH),
      `--batch must be from 1 to ${MAX_BATCH}`
    ),
    Options.withDefault(DEFAULT_BATCH),
    Options.withPseudoName("N"),
    Options.withDescription(`Entries that are written in one transaction: all of them, or none. At most ${MAX_BATCH}.`)
  ),
  file: file("A file of JSON lines. Without it, or as -, standard input."),
  restart: Options.boolean("restart").pipe(
    Options.withDescription("Begin at the first line, whatever was imported before.")
  ),
  resume: Options.boolean("resume").pipe(
    Options.withDescription("Go on after the last line that was imported from the same input, if any was.")
  )
}

/** Where exports go. */
export const exportTo = file("A file that is not there yet. Without it, or as -, standard output.")

/** A table of options that are given, without those that are not. */
export const given = <A extends Readonly<Record<string, Option.Option<unknown>>>>(
  options: A
): { readonly [K in keyof A]?: A[K] extends Option.Option<infer B> ? B : never } =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, option]) => (Option.isSome(option) ? [[name, option.value]] : []))
  ) as { readonly [K in keyof A]?: A[K] extends Option.Option<infer B> ? B : never }
