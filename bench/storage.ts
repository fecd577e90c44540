/**
 * Benchmarks of the repository of blocks: `pendAndCommit` at its port, with a proof that is really signed. What is
 * committed was recorded before from a program on another node; as in a node that is embedded in its program, the author
 * has hashed it already.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Diary, Tree } from "effect-optimystic"
import { MemoryStorage } from "effect-optimystic/layers"
import { StorageRepo } from "effect-optimystic/services"
import { rateBesideBareLevel } from "./bareLevel.ts"
import { makePlaces, Place, Places } from "./entries.ts"
import { type Compared, measuredGrowth } from "./growth.ts"
import { atLeast, atMost, type Benchmark, measuredEach } from "./harness.ts"
import {
  asReceived,
  type Batch,
  type CommitCall,
  commitCallsOf,
  commitTo,
  levelIn,
  nodeOver,
  recordingWrites,
  repoOver
} from "./nodes.ts"

const Notes = Diary.define("notes", { entry: Schema.String })

/** Appends one entry per commit: each changes the tail of a log, and every 32nd starts a new one. */
const appendNotes = (count: number) =>
  Effect.flatMap(Diary.openOrCreate(Notes), (notes) =>
    Effect.forEach(makePlaces(count), ({ id, name }) => notes.append(`${id} is where ${name} was seen`))
  )

/** Entries of a leaf that is neither small nor full. */
const LEAF_ENTRIES = 40

/** Changes entries of a tree of one leaf, one per commit: each is one more revision of that leaf. */
const changeOneLeaf = (count: number) =>
  Effect.gen(function* () {
    const places = yield* Tree.openOrCreate(Places)
    const entries = makePlaces(LEAF_ENTRIES)
    yield* places.putAll(entries)
    for (let i = 0; i < count; i++) {
      const { id, name } = entries[i % LEAF_ENTRIES]!
      yield* places.put(new Place({ id, name, population: i }))
    }
  })

/** The commits of `changeOneLeaf` before its first change: the tree, and its entries. */
const BEFORE_CHANGES = 2

/** The commits of a program on a node in memory. */
const recorded = (program: Parameters<typeof commitCallsOf>[0]) =>
  commitCallsOf(program).pipe(Effect.provide(nodeOver(MemoryStorage.layer)))

/** A repository that is open as long as the scope. */
const openRepo = (...[storage]: Parameters<typeof repoOver>) =>
  Effect.flatMap(Layer.build(repoOver(storage)), (context) => Effect.provide(StorageRepo, context))

const WARM_UP_COMMITS = 100
const MEMORY_COMMITS = 2_000
const LEVEL_COMMITS = 600
/** Durable commits are too few to get warm on the way. */
const LEVEL_WARM_UP_COMMITS = 1_000

/** The rate of commits to a new repository in memory. */
const rateInMemory = (calls: ReadonlyArray<CommitCall>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const commit = commitTo(yield* openRepo(MemoryStorage.layer))
      return yield* measuredEach(calls, WARM_UP_COMMITS, commit)
    })
  )

/** The field `received` is the rate of requests that come from elsewhere: their content was never hashed here. */
const commitMemory: Benchmark = {
  durable: false,
  name: "storage.commit.memory",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const calls = yield* recorded(appendNotes(WARM_UP_COMMITS + MEMORY_COMMITS))
        const measured = yield* rateInMemory(calls)
        const { value: received } = yield* rateInMemory(asReceived(calls))
        return { ...measured, received }
      })
    ),
  runs: 7,
  target: atLeast(8_000),
  unit: "commits/s"
}

const commitLevel: Benchmark = {
  durable: true,
  name: "storage.commit.level",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const calls = yield* recorded(appendNotes(LEVEL_WARM_UP_COMMITS + LEVEL_COMMITS))
        const folder = yield* workplace.folder
        const batches: Array<Batch> = []
        const commit = commitTo(yield* openRepo(recordingWrites(levelIn(folder), batches)))
        return yield* rateBesideBareLevel(folder, calls, LEVEL_WARM_UP_COMMITS, commit, batches)
      })
    ),
  runs: 5,
  target: atLeast(0.7, "ratio"),
  unit: "commits/s"
}

const CHANGES = 2_000
/** Revisions 101 to 200 and 1,901 to 2,000 of the leaf. */
const COMPARED: Compared = { count: 100, early: BEFORE_CHANGES + 100, late: BEFORE_CHANGES + 1_900 }

const commitGrowth: Benchmark = {
  durable: true,
  name: "storage.commit.growth",
  prepare: (workplace) =>
    Effect.map(recorded(changeOneLeaf(CHANGES)), (calls) =>
      Effect.gen(function* () {
        const long = yield* openRepo(levelIn(yield* workplace.folder))
        const short = yield* openRepo(levelIn(yield* workplace.folder))
        return yield* measuredGrowth(calls, COMPARED, commitTo(long), commitTo(short))
      })
    ),
  runs: 5,
  target: atMost(1.2),
  unit: "ratio"
}

/** The benchmarks of issue 2 at the repository's port. */
export const storage: ReadonlyArray<Benchmark> = [commitMemory, commitLevel, commitGrowth]
