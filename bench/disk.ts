/**
 * Benchmarks of a node with its store on disk: commits at once, and what it takes of memory and disk.
 */
import { execFile } from "node:child_process"
import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Database, Node, Tree } from "effect-optimystic"
import { makePlaces, Place, Places } from "./entries.ts"
import { atLeast, atMost, type Benchmark, collectGarbage, perSecond, timed } from "./harness.ts"
import { type Batch, levelIn, nodeOver, recordingWrites } from "./nodes.ts"

const AT_ONCE = 16
const WARM_UP_COMMITS = 20
const COMMITS_EACH = 60
const COMMITS_ALONE = 400

const placesIn = (number: number) =>
  Tree.define(`places-${number}`, { entry: Place, key: Schema.String, keyOf: Places.keyOf })

/** The rate of single-key commits of some fibers, each to a tree of its own. */
const rateOf = (fibers: number, commits: number) =>
  Effect.gen(function* () {
    const trees = yield* Effect.forEach(
      Array.from({ length: fibers }, (_, i) => i),
      (i) => Tree.openOrCreate(placesIn(i))
    )
    const fill = (from: number, to: number) =>
      Effect.forEach(
        trees,
        (tree, i) => Effect.forEach(makePlaces(to, i + 1).slice(from), tree.put, { discard: true }),
        { concurrency: fibers, discard: true }
      )
    yield* fill(0, WARM_UP_COMMITS)
    yield* collectGarbage
    const millis = yield* timed(fill(WARM_UP_COMMITS, WARM_UP_COMMITS + commits))
    return perSecond(fibers * commits, millis)
  })

const commitsAtOnce: Benchmark = {
  durable: true,
  name: "local.commit.level.16",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const onDisk = <A, E>(effect: Effect.Effect<A, E, Database>) =>
          Effect.flatMap(workplace.folder, (folder) => Effect.provide(effect, nodeOver(levelIn(folder))))
        const level = yield* onDisk(rateOf(1, COMMITS_ALONE))
        const memory = yield* Effect.provide(rateOf(1, COMMITS_ALONE), Node.layerLocal())
        const value = yield* onDisk(rateOf(AT_ONCE, COMMITS_EACH))
        return { value, level, memory, ratio: value / Math.min(2 * level, 0.7 * memory) }
      })
    ),
  runs: 5,
  target: atLeast(1, "ratio"),
  unit: "commits/s"
}

const run = promisify(execFile)
const ENTRIES = 100_000
const MEGABYTE = 1024 * 1024

/** What the program needs of the old generation, twice over; the rest is room that the engine gives itself on a large machine. */
const OLD_SPACE_MEGABYTES = 128

/** The memory of a process that has filled a tree, in megabytes, however it is told to keep house. */
const residentOf = Effect.fnUntraced(function* (folder: string, ...nodeOptions: ReadonlyArray<string>) {
  const script = fileURLToPath(new URL("memory.js", import.meta.url))
  const { stdout } = yield* Effect.promise(() => run(process.execPath, [...nodeOptions, script, folder, `${ENTRIES}`]))
  const { count, rssBytes } = JSON.parse(stdout) as { readonly count: number; readonly rssBytes: number }
  if (count !== ENTRIES) return yield* Effect.dieMessage(`the tree has ${count} entries`)
  return rssBytes / MEGABYTE
})

/** The field `limited` is of a process whose old generation is limited. */
const memory: Benchmark = {
  durable: false,
  name: "local.rss",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const value = yield* residentOf(yield* workplace.folder)
        return {
          value,
          limited: yield* residentOf(yield* workplace.folder, `--max-old-space-size=${OLD_SPACE_MEGABYTES}`)
        }
      })
    ),
  runs: 1,
  target: atMost(250),
  unit: "MB"
}

const COMMITS = 10_000

const bytesIn = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true })
  const sizes = await Promise.all(names.map(async (name) => stat(join(folder, name))))
  return sizes.reduce((total, entry) => total + (entry.isFile() ? entry.size : 0), 0)
}

const size: Benchmark = {
  durable: true,
  name: "local.size",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const folder = yield* workplace.folder
        const places = makePlaces(COMMITS)
        const batches: Array<Batch> = []
        yield* Effect.flatMap(Tree.openOrCreate(Places), (tree) =>
          Effect.forEach(places, tree.put, { discard: true })
        ).pipe(Effect.provide(nodeOver(recordingWrites(levelIn(folder), batches))))
        const given = batches
          .flat()
          .reduce(
            (total, write) =>
              total + JSON.stringify(write.key).length + (write.type === "put" ? write.value.length : 0),
            0
          )
        const entryBytes = places.reduce((total, place) => total + JSON.stringify(place).length, 0)
        const stored = yield* Effect.promise(() => bytesIn(folder))
        return { value: stored / entryBytes, writtenPerCommit: given / COMMITS }
      })
    ),
  runs: 1,
  target: atMost(30),
  unit: "× entries"
}

/** The benchmarks of a node on disk. */
export const disk: ReadonlyArray<Benchmark> = [commitsAtOnce, memory, size]
