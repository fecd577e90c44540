/**
 * Benchmarks of the database as a program on one node sees it.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Diary, Node, Transaction, Tree } from "effect-optimystic"
import { MemoryStorage } from "effect-optimystic/layers"
import { RawStorage } from "effect-optimystic/services"
import { rateBesideBareLevel } from "./bareLevel.ts"
import { makePlaces, Place, Places, shuffled } from "./entries.ts"
import { type Compared, measuredGrowth } from "./growth.ts"
import {
  allOf,
  atLeast,
  atMost,
  type Benchmark,
  collectGarbage,
  measuredEach,
  perSecond,
  slicesOf,
  timed
} from "./harness.ts"
import { type Batch, levelIn, nodeOver, recordingReads, recordingWrites } from "./nodes.ts"

type PlaceTree = Tree.Tree<Place, string>

/** A collection of garbage gives memory back to the system: only after so many commits is it there again, and code warm. */
const WARM_UP_COMMITS = 1_000
const MEMORY_COMMITS = 3_000
const LEVEL_COMMITS = 600
/** Entries of the larger trees, and keys per transaction where several are written at once. */
const ENTRIES = 10_000
const BATCH = 100

const putOneByOne = (tree: PlaceTree, places: ReadonlyArray<Place>) =>
  Effect.forEach(places, tree.put, { discard: true })

const commitMemory: Benchmark = {
  durable: false,
  name: "local.commit.memory",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const tree = yield* Tree.openOrCreate(Places)
        const places = makePlaces(WARM_UP_COMMITS + MEMORY_COMMITS)
        return yield* measuredEach(places, WARM_UP_COMMITS, tree.put)
      }).pipe(Effect.provide(Node.layerLocal()))
    ),
  runs: 5,
  target: atLeast(3_000),
  unit: "commits/s"
}

const commitLevel: Benchmark = {
  durable: true,
  name: "local.commit.level",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.flatMap(workplace.folder, (folder) => {
        const batches: Array<Batch> = []
        return Effect.gen(function* () {
          const tree = yield* Tree.openOrCreate(Places)
          const places = makePlaces(WARM_UP_COMMITS + LEVEL_COMMITS)
          return yield* rateBesideBareLevel(folder, places, WARM_UP_COMMITS, tree.put, batches)
        }).pipe(Effect.provide(nodeOver(recordingWrites(levelIn(folder), batches))))
      })
    ),
  runs: 5,
  target: atLeast(0.5, "ratio"),
  unit: "commits/s"
}

/** The tree of a node of its own, open as long as the scope. */
const treeOfOwnNode = Effect.flatMap(Layer.build(Node.layerLocal()), (node) =>
  Effect.provide(Tree.openOrCreate(Places), node)
)

/** Commits 101 to 200 and 9,901 to 10,000. */
const COMPARED: Compared = { count: 100, early: 100, late: 9_900 }

const commitGrowth: Benchmark = {
  durable: false,
  name: "local.commit.growth",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const long = yield* treeOfOwnNode
        const short = yield* treeOfOwnNode
        return yield* measuredGrowth(makePlaces(ENTRIES), COMPARED, long.put, short.put)
      })
    ),
  runs: 5,
  target: atMost(1.3),
  unit: "ratio"
}

/** How many entries per second get into an empty tree, in transactions of 100. */
const batchRate = (
  places: ReadonlyArray<Place>,
  put: (tree: PlaceTree, batch: ReadonlyArray<Place>) => Effect.Effect<unknown, unknown>
) =>
  Effect.gen(function* () {
    const tree = yield* Tree.openOrCreate(Places)
    const transaction = (batch: ReadonlyArray<Place>) => Transaction.run(put(tree, batch))
    yield* collectGarbage
    const millis = yield* timed(Effect.forEach(slicesOf(places, BATCH), transaction, { discard: true }))
    return perSecond(places.length, millis)
  }).pipe(Effect.provide(Node.layerLocal()))

const batchMemory: Benchmark = {
  durable: false,
  name: "local.batch.memory",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const places = makePlaces(ENTRIES)
        return {
          value: yield* batchRate(places, putOneByOne),
          putAll: yield* batchRate(places, (tree, batch) => tree.putAll(batch))
        }
      })
    ),
  runs: 5,
  target: atLeast(30_000),
  unit: "keys/s"
}

const putInBatches = (tree: PlaceTree, places: ReadonlyArray<Place>) =>
  Effect.forEach(slicesOf(places, BATCH), tree.putAll, { discard: true })

/** Gets of every key, in random order, that one run times. */
const ROUNDS = 5

/** Entries of one append. */
const APPENDED = 10
const APPENDS = 1_000

const Log = Diary.define("log", { entry: Place })

const appendTen: Benchmark = {
  durable: false,
  name: "local.diary.append.10",
  prepare: () =>
    Effect.succeed(
      Effect.gen(function* () {
        const diary = yield* Diary.openOrCreate(Log)
        const [warmUp, counted] = [makePlaces(WARM_UP_COMMITS * APPENDED, 1), makePlaces(APPENDS * APPENDED, 2)]
        const append = (places: ReadonlyArray<Place>) =>
          Effect.forEach(slicesOf(places, APPENDED), (ten) => diary.appendAll(ten), { discard: true })
        yield* append(warmUp)
        yield* collectGarbage
        return { value: perSecond(counted.length, yield* timed(append(counted))) }
      }).pipe(Effect.provide(Node.layerLocal()))
    ),
  runs: 5,
  target: atLeast(20_000),
  unit: "entries/s"
}

const getWarm: Benchmark = {
  durable: false,
  name: "local.get.warm",
  prepare: () =>
    Effect.gen(function* () {
      const places = makePlaces(ENTRIES)
      const tree = yield* treeOfOwnNode
      yield* putInBatches(tree, places)
      const keys = shuffled(places.map(({ id }) => id))
      const { get } = yield* tree.snapshot
      const getAll = Effect.forEach(keys, (key) => Effect.map(get(key), found), { discard: true })
      yield* getAll
      return Effect.gen(function* () {
        yield* collectGarbage
        return { value: perSecond(ROUNDS * keys.length, yield* timed(Effect.repeatN(getAll, ROUNDS - 1))) }
      })
    }),
  runs: 5,
  target: atLeast(150_000),
  unit: "gets/s"
}

/** A get in vain is no get: it would be cheaper. */
const found = (entry: Option.Option<Place>): void => {
  if (Option.isNone(entry)) throw new Error("an entry is missing")
}

/** Batches that a store is given in one: what is only prepared needs no sync of its own for each. */
const COMBINED = 100

/** Puts what a program writes on a node in memory into a new store on disk, closed then; gives its folder. */
const storeFolder = <E>(folder: string, program: (tree: PlaceTree) => Effect.Effect<unknown, E>) =>
  Effect.gen(function* () {
    const batches: Array<Batch> = []
    yield* Effect.flatMap(Tree.openOrCreate(Places), program).pipe(
      Effect.provide(nodeOver(recordingWrites(MemoryStorage.layer, batches)))
    )
    yield* Effect.flatMap(RawStorage, (raw) =>
      Effect.forEach(slicesOf(batches, COMBINED), (some) => raw.write(some.flat()), { discard: true })
    ).pipe(Effect.provide(levelIn(folder)))
  })

/** All of a tree through its range stream, each entry touched; dies unless all are there. */
const scan = (tree: PlaceTree) =>
  Effect.flatMap(
    Stream.runFold(tree.range(), { count: 0, population: 0 }, (total, { population }) => ({
      count: total.count + 1,
      population: total.population + population
    })),
    ({ count }) => (count === ENTRIES ? Effect.void : Effect.dieMessage(`scanned ${count} entries`))
  )

const scanning: Benchmark = {
  durable: false,
  name: "local.scan",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const folder = yield* workplace.folder
      yield* storeFolder(folder, (tree) => putInBatches(tree, makePlaces(ENTRIES)))
      return Effect.gen(function* () {
        const tree = yield* Tree.open(Places)
        yield* collectGarbage
        const cold = perSecond(ENTRIES, yield* timed(scan(tree)))
        yield* collectGarbage
        const warm = perSecond(ROUNDS * ENTRIES, yield* timed(Effect.repeatN(scan(tree), ROUNDS - 1)))
        return { cold, value: warm, warm }
      }).pipe(Effect.provide(nodeOver(levelIn(folder))))
    }),
  runs: 7,
  target: atLeast(500_000, "warm"),
  unit: "entries/s"
}

const open: Benchmark = {
  durable: false,
  name: "local.open",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const folder = yield* workplace.folder
      yield* storeFolder(folder, (tree) => putOneByOne(tree, makePlaces(ENTRIES)))
      return Effect.suspend(() => {
        const blocks = new Set<string>()
        return Effect.gen(function* () {
          yield* collectGarbage
          blocks.clear()
          return { value: yield* timed(Tree.open(Places)), blocks: blocks.size }
        }).pipe(Effect.provide(nodeOver(recordingReads(levelIn(folder), blocks))))
      })
    }),
  runs: 9,
  target: allOf(atMost(10), atMost(8, "blocks")),
  unit: "ms"
}

/** The benchmarks of a program on one node. */
export const local: ReadonlyArray<Benchmark> = [
  commitMemory,
  commitLevel,
  commitGrowth,
  batchMemory,
  appendTen,
  getWarm,
  scanning,
  open
]
