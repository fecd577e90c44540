import * as NodeFs from "node:fs/promises"
import * as Path from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schedule from "effect/Schedule"
import * as FilesStorage from "../../layers/storage/FilesStorage.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import { crc32 } from "../../src/storage/Crc32.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as RecordPath from "../../src/storage/RecordPath.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import { FaultyFileSystem } from "./FaultyFileSystem.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const keyOf = (name: string | number): StorageKey => ["block", "abc", "rev", name]
const put = (name: string | number, value = String(name)) => ({ key: keyOf(name), type: "put", value }) as const
const remove = (name: string | number) => ({ key: keyOf(name), type: "delete" }) as const
const ALL = { block: "abc", kind: "rev", limit: 1_000, space: "block" } as const

const session = <A, E>(
  directory: string,
  use: (storage: RawStorageService) => Effect.Effect<A, E>,
  options: Omit<FilesStorage.FilesStorageOptions, "directory"> = {}
) => Effect.flatMap(RawStorage, use).pipe(Effect.provide(FilesStorage.layer({ directory, ...options })))

const openError = (directory: string) => Effect.flip(session(directory, () => Effect.void))

const sealed = (key: StorageKey, value: string): string => Envelope.seal(StorageKeyCodec.encode(key), value, crc32)

/** The files of a store, but for those of its lock. */
const filesIn = (directory: string) =>
  Effect.promise(async () => {
    const entries = await NodeFs.readdir(directory, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile() && !entry.parentPath.endsWith("in-use"))
      .map((entry) => Path.relative(directory, Path.join(entry.parentPath, entry.name)))
      .sort()
  })

const write = (directory: string, path: string, text: string) =>
  Effect.promise(() => NodeFs.writeFile(Path.join(directory, path), text))

describe("FilesStorage", () => {
  it.scoped("leaves a JSON file for each record, and nothing unfinished, when it is closed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const keys: ReadonlyArray<StorageKey> = [["block", "abc", "head", ""], keyOf(7), ["proof", "xyz", "", ""]]
      yield* session(directory, (storage) =>
        Effect.forEach(keys, (key) => storage.write([{ key, type: "put", value: JSON.stringify({ key }) }]))
      )
      const own = ["begun.json", "names.json", "checkpoint.json", "format.json", "last-sequence.json"]
      expect(yield* filesIn(directory)).toEqual([...keys.map(RecordPath.encode), ...own].sort())
      for (const key of keys) {
        const text = yield* Effect.promise(() => NodeFs.readFile(Path.join(directory, RecordPath.encode(key)), "utf8"))
        expect(JSON.parse(text)).toEqual({ sum: expect.any(String), value: { key } })
      }
    })
  )

  it.scopedLive("shows what was written soon, while it is open", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const path = Path.join(directory, RecordPath.encode(keyOf(1)))
      yield* session(directory, (storage) =>
        Effect.zipRight(
          storage.write([put(1)]),
          Effect.retry(
            Effect.tryPromise(() => NodeFs.access(path)),
            { schedule: Schedule.spaced("50 millis"), times: 100 }
          )
        )
      )
    })
  )

  it.scoped("names no block of which every record was deleted", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const blocks = yield* session(directory, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(1), { ...put(1), key: ["block", "other", "head", ""] }])
          expect(yield* storage.range(ALL)).toHaveLength(1)
          yield* storage.write([remove(1)])
          return yield* storage.blocks("block", { limit: 10 })
        })
      )
      expect(blocks).toEqual(["other"])
    })
  )

  it.scoped(
    "names blocks, and reads ranges in which nothing changed, without waiting for what is not in files yet",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        yield* session(directory, (storage) => storage.write([put(1)]))
        yield* session(directory, (storage) =>
          Effect.gen(function* () {
            yield* storage.write([
              { ...put(1), key: ["block", "new", "rev", 1] },
              { ...put(2), key: ["block", "abc", "head", ""] }
            ])
            expect(yield* storage.blocks("block", { limit: 10 })).toEqual(["abc", "new"])
            expect(yield* storage.blocks("block", { after: "abc", limit: 10 })).toEqual(["new"])
            expect(yield* storage.range(ALL)).toHaveLength(1)
            expect((yield* filesIn(directory)).filter((path) => path.startsWith("block/"))).toEqual([
              "block/abc/revs/1.json"
            ])
          })
        )
      })
  )

  it.scopedLive(
    "takes a file for none of its own only once its last batches are in files, also after it was killed",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const [open, killed] = [Path.join(directory, "open"), Path.join(directory, "killed")]
        const single: StorageKey = ["proof", "xyz", "", ""]
        yield* session(open, (storage) =>
          Effect.gen(function* () {
            yield* storage.write([put(1), { key: single, type: "put", value: "1" }])
            yield* storage.range(ALL)
            yield* storage.write([remove(1), { key: single, type: "delete" }])
            yield* Effect.promise(() => NodeFs.cp(open, killed, { recursive: true }))
          })
        )
        expect(yield* filesIn(killed)).toEqual(expect.arrayContaining([keyOf(1), single].map(RecordPath.encode)))
        yield* session(killed, (storage) =>
          Effect.gen(function* () {
            expect(yield* storage.blocks("block", { limit: 10 })).toEqual([])
            expect(yield* storage.blocks("proof", { limit: 10 })).toEqual([])
            expect(yield* storage.range(ALL)).toEqual([])
          })
        )
      })
  )

  it.scoped("refuses a record whose name no file can have, with its whole batch", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const long = "x".repeat(RecordPath.MAX_FILE_NAME_BYTES)
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(storage.write([put(1), put(long)]))
          expect([error._tag, error.message]).toEqual(["StorageUnavailable", expect.stringContaining("too long")])
          expect(yield* storage.get(keyOf(1))).toBeUndefined()
          expect(yield* storage.range({ ...ALL, from: long })).toEqual([])
        })
      )
    })
  )

  it.scoped("clears away what an earlier process left unfinished", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => storage.write([put(1)]))
      yield* write(directory, "tmp/17", "unfinished")
      yield* session(directory, () => Effect.void)
      expect((yield* filesIn(directory)).filter((path) => path.startsWith("tmp"))).toEqual([])
    })
  )
})

describe("FilesStorage, opened on a directory that was tampered with", () => {
  const damage: ReadonlyArray<readonly [what: string, path: string, text: string, reason: RegExp]> = [
    ["a newer format", "format.json", sealed(StoreRecords.FORMAT_KEY, '{"format":2}'), /newer than this program/],
    ["a format that is none", "format.json", "{}", /"format".*not an envelope/],
    ["a checkpoint that is none", "checkpoint.json", "{}", /"checkpoint".*not an envelope/],
    [
      "an older checkpoint",
      "checkpoint.json",
      sealed(StoreRecords.CHECKPOINT_KEY, StoreRecords.checkpointValue({ segments: 0, sequence: 2 })),
      /1 .* missing: 3$/
    ],
    [
      "a journal that it should have",
      "checkpoint.json",
      sealed(StoreRecords.CHECKPOINT_KEY, StoreRecords.checkpointValue({ segments: 1, sequence: 2 })),
      /of the 1 file.* 0 are there/
    ]
  ]
  it.scoped.each(damage)("refuses %s", ([_what, path, text, reason]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => Effect.forEach([1, 2], (name) => storage.write([put(name)])))
      yield* write(directory, path, text)
      expect(yield* openError(directory)).toMatchObject({
        _tag: "CorruptStore",
        directory,
        reason: expect.stringMatching(reason)
      })
    })
  )

  it.scoped("does not start anew where its files are gone", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => storage.write([put(1)]))
      yield* Effect.promise(async () => {
        for (const name of ["block", "format.json", "checkpoint.json"]) {
          await NodeFs.rm(Path.join(directory, name), { recursive: true })
        }
      })
      for (let turn = 0; turn < 2; turn++) expect((yield* openError(directory))._tag).toBe("CorruptStore")
    })
  )

  it.scoped("opens although its lock is damaged: nothing is kept there", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => storage.write([put(1)]))
      yield* write(directory, "in-use/CURRENT", "damaged")
      expect(yield* session(directory, (storage) => storage.get(keyOf(1)))).toBe("1")
    })
  )

  it.scoped("names a file that it did not write so, and reads all others", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => storage.write([put(1), put(2)]))
      yield* write(directory, "block/abc/revs/3.json", "garbage")
      yield* Effect.promise(() =>
        NodeFs.copyFile(Path.join(directory, "block/abc/revs/1.json"), Path.join(directory, "block/abc/revs/4.json"))
      )
      const corrupt = (name: number) => ({ _tag: "CorruptRecord", key: `["block","abc","rev",${name}]` })
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          expect(yield* storage.range({ ...ALL, to: 2 })).toHaveLength(2)
          expect({ ...(yield* Effect.flip(storage.get(keyOf(3)))) }).toMatchObject(corrupt(3))
          expect({ ...(yield* Effect.flip(storage.getMany([keyOf(1), keyOf(4)]))) }).toMatchObject(corrupt(4))
          expect({ ...(yield* Effect.flip(storage.range(ALL))) }).toMatchObject(corrupt(3))
          yield* write(directory, "block/abc/revs/2 copy.json", "{}")
          const culprit = { _tag: "CorruptRecord", key: "block/abc/revs/2 copy.json" }
          expect({ ...(yield* Effect.flip(storage.range({ ...ALL, to: 2 }))) }).toMatchObject(culprit)
          expect(yield* storage.get(keyOf(2))).toBe("2")
        })
      )
    })
  )
})

const faulty = <A, E>(
  directory: string,
  files: FaultyFileSystem,
  use: (storage: RawStorageService) => Effect.Effect<A, E>,
  options: Omit<FilesStorage.FilesStorageOptions, "directory"> = {}
) => {
  const fileSystem = Layer.map(NodeFileSystem.layer, (context) => files.over(context))
  return Effect.flatMap(RawStorage, use).pipe(
    Effect.provide(FilesStorage.layerFileSystem({ directory, ...options })),
    Effect.provide(fileSystem)
  )
}

/** Ends once what was written is in files. */
const settled = (storage: RawStorageService) => storage.range({ ...ALL, limit: 1 })

const PAUSES = { schedule: Schedule.spaced("50 millis"), times: 100 }

describe("FilesStorage on a file system", () => {
  it.scoped("has every file, and every folder above it, synced before a checkpoint says so", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const files = new FaultyFileSystem(directory)
      yield* faulty(directory, files, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(1), put(2), { ...put(1), key: ["proof", "xyz", "", ""] }])
          yield* settled(storage)
          yield* storage.write([remove(2), put(1, '"again"')])
          yield* settled(storage)
        })
      )
      const changed = [...files.changed.keys()]
      for (const path of ["block/abc/revs/1.json", "block/abc/revs", "block/abc", "block", "proof/xyz.json", ""]) {
        expect(changed).toContain(path)
      }
      expect(files.unsyncedAtCheckpoint).toEqual([])
      expect(files.unsynced).toEqual([])
    })
  )

  it.scopedLive("that is full goes on taking and serving batches, and catches up by itself", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const files = new FaultyFileSystem(directory)
      const text = JSON.stringify("x".repeat(400))
      const warnings: Array<string> = []
      const hearing = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => warnings.push(String(message)))
      )
      yield* faulty(
        directory,
        files,
        (storage) =>
          Effect.gen(function* () {
            yield* storage.write([put(0, text)])
            yield* settled(storage)
            files.isFull = true
            // As many as the first file of the journal takes: the second is announced in a file.
            for (let name = 1; name < 12; name++) yield* storage.write([put(name, text)])
            const error = yield* Effect.flip(storage.range(ALL))
            expect([error._tag, error.message]).toEqual(["StorageUnavailable", expect.stringContaining("ENOSPC")])
            // What is in files already can be read, also once they were to be given something back, in vain.
            yield* Effect.sleep("300 millis")
            expect(yield* storage.getMany([keyOf(0), keyOf(11)])).toEqual([text, text])
            files.isFull = false
            // It tries again with growing pauses.
            for (let name = 12; name < 40; name++) yield* Effect.retry(storage.write([put(name, text)]), PAUSES)
            expect(yield* Effect.retry(storage.range(ALL), PAUSES)).toHaveLength(40)
          }),
        { journalSegmentBytes: 8 * 1024 }
      ).pipe(Effect.provide(hearing))
      const left = yield* filesIn(directory)
      expect(left.filter((path) => path.startsWith("tmp") || path.startsWith("journal"))).toEqual([])
      expect(warnings[0]).toMatch(/ENOSPC.*; failure 1, tried again in 50 ms$/)
    })
  )

  it.scoped("that cannot be read is an error, and no absent record", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const files = new FaultyFileSystem(directory)
      yield* faulty(directory, files, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(1)])
          yield* settled(storage)
          files.isUnreadable = true
          for (const read of [storage.get(keyOf(1)), storage.getMany([keyOf(1)]), storage.range(ALL)]) {
            expect((yield* Effect.flip<unknown, { readonly _tag: string }, never>(read))._tag).toBe(
              "StorageUnavailable"
            )
          }
          files.isUnreadable = false
          expect(yield* storage.get(keyOf(1))).toBe("1")
        })
      )
    })
  )

  it.scopedLive.each(["getMany", "range"] as const)("gives by %s what stood there at one instant", (read) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const files = new FaultyFileSystem(directory)
      const keys = [1, 2, 3, 4, 5, 6].map(keyOf)
      const batch = (value: string) => keys.map((key) => ({ key, type: "put", value }) as const)
      yield* faulty(directory, files, (storage) =>
        Effect.gen(function* () {
          yield* storage.write(batch("1"))
          yield* settled(storage)
          // Between two of its reads a batch is written, and about to enter the files.
          const meanwhile = Effect.zipRight(
            Effect.orDie(storage.write(batch("2"))),
            Effect.zipRight(Effect.forkDaemon(Effect.ignore(settled(storage))), Effect.sleep("100 millis"))
          )
          files.beforeReads.push(Effect.void, meanwhile)
          const found =
            read === "range" ? (yield* storage.range(ALL)).map(({ value }) => value) : yield* storage.getMany(keys)
          expect(found).toEqual(Array(keys.length).fill("1"))
          expect((yield* storage.range(ALL)).map(({ value }) => value)).toEqual(Array(keys.length).fill("2"))
        })
      )
    })
  )
})
