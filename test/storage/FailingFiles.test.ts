/** Every change that a store of kind `files` makes to its files fails once, or for a while, or from then on. */
import * as NodeFs from "node:fs/promises"
import * as Path from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as FilesStorage from "../../layers/storage/FilesStorage.ts"
import { RawStorage, type RawStorageService, type StorageKey, type StorageWrite } from "../../services/RawStorage.ts"
import { FaultyFileSystem } from "./FaultyFileSystem.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

/** How many changes fail from the first that does. */
const LENGTHS = [1, 4, Number.POSITIVE_INFINITY] as const
/** One change of so many is the first that fails; `npm run flips` tries each. */
const STRIDE = process.env.npm_lifecycle_event === "flips" ? 1 : 19
const TIMEOUT_MILLIS = 1_800_000

/** The batches that are there, and those that follow. */
const BEFORE = [0, 1, 2, 3, 4, 5]
const AFTER = [6, 7, 8, 9, 10, 11, 12, 13]
const NAMES = 5
/** Each batch changes one of its records: who reads it waits until the batches are in files. */
const FIRST_BLOCK = { block: "b0", kind: "rev", limit: NAMES, space: "block" } as const
const JOURNAL_SEGMENT_BYTES = 512

const keyOf = (name: number): StorageKey => ["block", `b${name % 2}`, "rev", name]
const keys = Array.from({ length: NAMES }, (_, name) => keyOf(name))

/** Batches put two records, and delete one now and then. */
const batchOf = (index: number): ReadonlyArray<StorageWrite> => [
  { key: keyOf(index % NAMES), type: "put", value: `${index}` },
  index % 4 === 3
    ? { key: keyOf((index + 1) % NAMES), type: "delete" }
    : { key: keyOf((index + 1) % NAMES), type: "put", value: `${index}` }
]

const stateAfter = (indexes: ReadonlyArray<number>): ReadonlyArray<string | undefined> => {
  const state = new Map<string, string | undefined>()
  for (const write of indexes.flatMap(batchOf)) {
    state.set(JSON.stringify(write.key), write.type === "put" ? write.value : undefined)
  }
  return keys.map((key) => state.get(JSON.stringify(key)))
}

const session = <A, E>(
  directory: string,
  files: FaultyFileSystem,
  use: (storage: RawStorageService) => Effect.Effect<A, E>
) =>
  Effect.flatMap(RawStorage, use).pipe(
    Effect.provide(FilesStorage.layerFileSystem({ directory, journalSegmentBytes: JOURNAL_SEGMENT_BYTES })),
    Effect.provide(Layer.map(NodeFileSystem.layer, (context) => files.over(context))),
    Logger.withMinimumLogLevel(LogLevel.None)
  )

const whole = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  session(directory, new FaultyFileSystem(directory), use)

/** A store that was not closed, and whose journal holds all of its batches. */
const makeUnclean = Effect.fnUntraced(function* (directory: string) {
  const [open, unclean] = [Path.join(directory, "open"), Path.join(directory, "unclean")]
  yield* whole(open, (storage) =>
    Effect.forEach(BEFORE, (index) => storage.write(batchOf(index))).pipe(
      Effect.zipRight(quietDirectory(open)),
      Effect.zipRight(Effect.promise(() => NodeFs.cp(open, unclean, { recursive: true })))
    )
  )
  return unclean
})

/** Writes the other batches; gives those that were acknowledged, or none where the store did not open. */
const writeOn = (directory: string, files: FaultyFileSystem) =>
  session(directory, files, (storage) =>
    Effect.gen(function* () {
      const acknowledged: Array<number> = []
      for (const index of AFTER) {
        const written = yield* Effect.either(storage.write(batchOf(index)))
        if (written._tag === "Right") acknowledged.push(index)
        else expect(written.left._tag).toBe("StorageUnavailable")
        expect(yield* storage.getMany(keys)).toEqual(stateAfter([...BEFORE, ...acknowledged]))
        if (index % 3 === 0) yield* Effect.ignore(storage.range(FIRST_BLOCK))
      }
      return acknowledged
    })
  ).pipe(
    Effect.catchAll((error) => {
      expect(error._tag).toBe("StorageUnavailable")
      return Effect.succeed<ReadonlyArray<number>>([])
    })
  )

/** Begins with the unclean store again and again, each time with other changes that fail. */
const failFromEach = Effect.fnUntraced(function* (length: number, failsLate: boolean) {
  const made = yield* temporaryDirectory
  const unclean = yield* makeUnclean(made)
  const directory = Path.join(made, "store")
  for (let first = 0; ; first += STRIDE) {
    yield* Effect.promise(() => NodeFs.cp(unclean, directory, { recursive: true }))
    const files = new FaultyFileSystem(directory)
    files.failsLate = failsLate
    files.fails = (place) => place >= first && place < first + length
    const acknowledged = yield* writeOn(directory, files)
    const held = yield* whole(directory, (storage) => storage.getMany(keys))
    expect({ first, held }).toEqual({ first, held: stateAfter([...BEFORE, ...acknowledged]) })
    yield* Effect.promise(() => NodeFs.rm(directory, { recursive: true }))
    if (files.changes <= first) return first
  }
})

describe("FilesStorage on files of which a change fails", () => {
  for (const failsLate of [false, true]) {
    for (const length of LENGTHS) {
      const many = Number.isFinite(length) ? `${length}` : "all"
      it.scopedLive(
        `keeps what it acknowledged where ${many} from one on fail${failsLate ? ", though made" : ""}`,
        () => Effect.map(failFromEach(length, failsLate), (tried) => expect(tried).toBeGreaterThan(50)),
        TIMEOUT_MILLIS
      )
    }
  }

  it.scopedLive("names a batch that is half in files, where the journal has lost it: it is not dropped", () =>
    Effect.gen(function* () {
      const made = yield* temporaryDirectory
      const [directory, killed] = [Path.join(made, "open"), Path.join(made, "killed")]
      const files = new FaultyFileSystem(directory)
      yield* session(directory, files, (storage) =>
        Effect.gen(function* () {
          yield* storage.write(batchOf(0))
          yield* storage.range(FIRST_BLOCK)
          files.fails = (_, path) => path.endsWith("b1/revs/1.json")
          yield* storage.write(batchOf(5))
          expect((yield* Effect.flip(storage.range(FIRST_BLOCK))).message).toContain("EIO")
          yield* Effect.promise(() => NodeFs.cp(directory, killed, { recursive: true }))
        })
      )
      const half = yield* Effect.promise(() => NodeFs.readFile(Path.join(killed, "block/b0/revs/0.json"), "utf8"))
      expect(half).toContain('"value":5')
      const journal = Path.join(killed, "journal-a")
      yield* Effect.promise(async () => {
        const bytes = await NodeFs.readFile(journal)
        const foot = bytes.findLastIndex((byte) => byte !== 0)
        // In the payload of the last frame.
        bytes[foot - 20]! ^= 1
        await NodeFs.writeFile(journal, bytes)
      })
      const error = yield* Effect.flip(whole(killed, (storage) => storage.getMany(keys)))
      expect([error._tag, error.message]).toEqual(["CorruptStore", expect.stringMatching(/1 .* missing: 3$/)])
    })
  )
})
