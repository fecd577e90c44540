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
import type { StoredBlock } from "effect-optimystic/schemas"
import { RawStorage, StorageRepo, type StorageRepoService } from "effect-optimystic/services"
import { rateBesideBareLevel } from "./bareLevel.ts"
import { makePlaces, Place, Places, shuffled } from "./entries.ts"
import { type Compared, measuredGrowth } from "./growth.ts"
import {
  atLeast,
  atMost,
  type Benchmark,
  collectGarbage,
  measuredEach,
  perSecond,
  slicesOf,
  type Target,
  timed
} from "./harness.ts"
import {
  asReceived,
  type Batch,
  type CommitCall,
  commitCallsOf,
  commitTo,
  filesIn,
  levelIn,
  nodeOver,
  recordingWrites,
  repoOver
} from "./nodes.ts"
import { storedBlock } from "./storedBlocks.ts"
import { ratesInTurn } from "./turns.ts"

/** Appends one entry per commit: each changes the tail of a log, and every 32nd starts a new one. */
const appendNotes = (count: number, name = "notes") =>
  Effect.flatMap(Diary.openOrCreate(Diary.define(name, { entry: Schema.String })), (notes) =>
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

/** A collection of garbage gives memory back to the system: only after so many commits is it there again, and code warm. */
const WARM_UP_COMMITS = 1_000
const MEMORY_COMMITS = 2_000
const LEVEL_COMMITS = 600

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
        const calls = yield* recorded(appendNotes(WARM_UP_COMMITS + LEVEL_COMMITS))
        const folder = yield* workplace.folder
        const batches: Array<Batch> = []
        const commit = commitTo(yield* openRepo(recordingWrites(levelIn(folder), batches)))
        return yield* rateBesideBareLevel(folder, calls, WARM_UP_COMMITS, commit, batches)
      })
    ),
  runs: 5,
  target: atLeast(0.7, "ratio"),
  unit: "commits/s"
}

/** Commits of the same kind to a repository, one after another, in pieces of the same size. */
const inPieces = (calls: ReadonlyArray<CommitCall>, size: number, repo: StorageRepoService) => ({
  itemsPerPiece: size,
  pieces: slicesOf(calls, size).map((piece) => Effect.forEach(piece, commitTo(repo), { discard: true }))
})

/** Writers at once, each with a history of its own. */
const WRITERS = 16
const WARM_UP_PER_WRITER = Math.ceil(WARM_UP_COMMITS / WRITERS)
const COMMITS_PER_WRITER = 100
/** Commits of each writer, and of the one that goes one by one, before it is another one's turn. */
const PER_TURN = 10

/** Commits histories side by side, each in its order. */
const sideBySide = (histories: ReadonlyArray<ReadonlyArray<CommitCall>>, repo: StorageRepoService) =>
  Effect.forEach(histories, (calls) => Effect.forEach(calls, commitTo(repo), { discard: true }), {
    concurrency: "unbounded",
    discard: true
  })

/** Three times as fast as one after another, or nearly as fast as without a disk. */
const asFastAsManyCanBe: Target = {
  met: ({ level, memory, value }) => value >= Math.min(3 * level!, 0.7 * memory!),
  text: "≥ min(3 level, 0.7 memory)"
}

/** The fields `level` and `memory` are the rates of one commit after another. */
const commitLevel16: Benchmark = {
  durable: true,
  name: "storage.commit.level.16",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const histories = yield* Effect.forEach(
          Array.from({ length: WRITERS }, (_, writer) => writer),
          (writer) => recorded(appendNotes(WARM_UP_PER_WRITER + COMMITS_PER_WRITER, `notes ${writer}`))
        )
        const turns = Math.floor(COMMITS_PER_WRITER / PER_TURN)
        const alone = yield* recorded(appendNotes(WARM_UP_COMMITS + turns * PER_TURN))
        const [warmUp, counted] = [alone.slice(0, -turns * PER_TURN), alone.slice(-turns * PER_TURN)]
        const many = yield* openRepo(levelIn(yield* workplace.folder))
        const level = yield* openRepo(levelIn(yield* workplace.folder))
        const memory = yield* openRepo(MemoryStorage.layer)
        yield* sideBySide(
          histories.map((calls) => calls.slice(0, -turns * PER_TURN)),
          many
        )
        for (const repo of [level, memory]) yield* Effect.forEach(warmUp, commitTo(repo), { discard: true })
        const pieces = Array.from({ length: turns }, (_, turn) =>
          histories.map((calls) => calls.slice(-turns * PER_TURN).slice(turn * PER_TURN, (turn + 1) * PER_TURN))
        )
        return yield* ratesInTurn({
          value: { itemsPerPiece: WRITERS * PER_TURN, pieces: pieces.map((piece) => sideBySide(piece, many)) },
          level: inPieces(counted, PER_TURN, level),
          memory: inPieces(counted, PER_TURN, memory)
        })
      })
    ),
  runs: 5,
  target: asFastAsManyCanBe,
  unit: "commits/s"
}

/** The field `ratio` is to the rate of the same commits on LevelDB, beside it. */
const commitFiles: Benchmark = {
  durable: true,
  name: "storage.commit.files",
  prepare: (workplace) =>
    Effect.succeed(
      Effect.gen(function* () {
        const calls = yield* recorded(appendNotes(WARM_UP_COMMITS + LEVEL_COMMITS))
        const files = yield* openRepo(filesIn(yield* workplace.folder))
        const level = yield* openRepo(levelIn(yield* workplace.folder))
        const [warmUp, counted] = [calls.slice(0, -LEVEL_COMMITS), calls.slice(-LEVEL_COMMITS)]
        for (const repo of [files, level]) yield* Effect.forEach(warmUp, commitTo(repo), { discard: true })
        const rates = yield* ratesInTurn({
          value: inPieces(counted, PER_TURN, files),
          level: inPieces(counted, PER_TURN, level)
        })
        return { ...rates, ratio: rates.value / rates.level }
      })
    ),
  runs: 5,
  target: atLeast(0.5, "ratio"),
  unit: "commits/s"
}

const STORED_BLOCKS = 10_000
/** Blocks whose records are written in one batch. */
const BLOCKS_PER_BATCH = 100

/**
 * Each block is read once, of a repository that has none in memory yet. What is given is checked against its hash, and is parsed
 * when it is first looked at; the field `parsed` is the rate of those who look at once.
 */
const get: Benchmark = {
  durable: false,
  name: "storage.get",
  prepare: (workplace) =>
    Effect.gen(function* () {
      const folder = yield* workplace.folder
      const blocks = Array.from({ length: STORED_BLOCKS }, (_, index) => storedBlock(index))
      yield* Effect.flatMap(RawStorage, (raw) =>
        Effect.forEach(slicesOf(blocks, BLOCKS_PER_BATCH), (some) => raw.write(some.flatMap(({ writes }) => writes)))
      ).pipe(Effect.provide(levelIn(folder)))
      const ids = shuffled(blocks.map(({ id }) => id))
      const rateOf = (use: (found: ReadonlyArray<StoredBlock | undefined>) => void) =>
        Effect.scoped(
          Effect.gen(function* () {
            const repo = yield* openRepo(levelIn(folder))
            yield* collectGarbage
            const getEach = Effect.forEach(ids, (id) => Effect.map(repo.get([{ id }]), use), { discard: true })
            return perSecond(ids.length, yield* timed(getEach))
          })
        )
      return Effect.gen(function* () {
        return { value: yield* rateOf(expectFound), parsed: yield* rateOf(expectBlock) }
      })
    }),
  runs: 5,
  target: atLeast(15_000),
  unit: "gets/s"
}

/** A get in vain is no get: it would be cheaper. */
const expectFound = ([found]: ReadonlyArray<StoredBlock | undefined>): void => {
  if (found === undefined || found.after === "deleted") throw new Error("a block is missing")
}

const expectBlock = ([found]: ReadonlyArray<StoredBlock | undefined>): void => {
  if (found?.block === undefined) throw new Error("a block is missing")
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

/** The benchmarks at the repository's port. */
export const storage: ReadonlyArray<Benchmark> = [
  commitMemory,
  commitLevel,
  commitLevel16,
  commitFiles,
  commitGrowth,
  get
]
