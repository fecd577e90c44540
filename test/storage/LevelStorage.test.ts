import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import { RawStorage, type RawStorageService, type StorageKey, type StorageWrite } from "../../services/RawStorage.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import { crc32 } from "../../src/storage/Crc32.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const keyOf = (name: string | number): StorageKey => ["block", "abc", "rev", name]
const put = (name: string | number, value: string): StorageWrite => ({ type: "put", key: keyOf(name), value })

/** Opens the store of a directory, uses it, and closes it. */
const session = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  Effect.flatMap(RawStorage, use).pipe(Effect.provide(LevelStorage.layer({ directory })))

const writeEach = (directory: string, names: ReadonlyArray<number>) =>
  session(directory, (storage) => Effect.forEach(names, (name) => storage.write([put(name, String(name))])))

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Changes what lies in the directory of a closed store, behind the back of its layer. */
const tamper = (directory: string, change: (database: ClassicLevel) => Promise<unknown>) =>
  Effect.promise(async () => {
    const database = new ClassicLevel(directory)
    await change(database)
    await database.close()
  })

const sealed = (key: StorageKey, value: string): [encodedKey: string, text: string] => {
  const encodedKey = StorageKeyCodec.encode(key)
  return [encodedKey, Envelope.seal(encodedKey, value, crc32)]
}

const openError = (directory: string) => Effect.flip(session(directory, () => Effect.void))

describe("LevelStorage", () => {
  it.scoped("reads a key without leaving the fiber's turn", () =>
    Effect.gen(function* () {
      yield* session(yield* temporaryDirectory, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(1, "1")])
          expect(Effect.runSync(storage.get(keyOf(1)))).toBe("1")
          expect(Effect.runSync(storage.getMany([keyOf(1), keyOf(2)]))).toEqual(["1", undefined])
        })
      )
    })
  )

  it.scopedLive("refuses a batch that no journal takes, says how large it is, and goes on", () =>
    Effect.gen(function* () {
      yield* session(yield* temporaryDirectory, (storage) =>
        Effect.gen(function* () {
          const value = JSON.stringify("x".repeat(64 * 1024 * 1024))
          const error = yield* Effect.flip(storage.write(numbers(1, 17).map((name) => put(name, value))))
          expect(error._tag).toBe("StorageUnavailable")
          expect(error.message).toMatch(
            /a batch of 11[0-9]{8} bytes is larger than the 1073741824 that a journal takes/
          )
          yield* storage.write([put(1, "1")])
          expect(yield* storage.getMany([keyOf(1), keyOf(2)])).toEqual(["1", undefined])
        })
      )
    })
  )

  it.scoped("numbers its batches without a gap, from one opening to the next", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeEach(directory, numbers(1, 5))
      yield* writeEach(directory, numbers(6, 8))
      const found: Array<BatchSequence.BatchRun> = []
      yield* tamper(directory, async (database) => {
        const { lowest, highest } = StorageKeyCodec.rangeInterval(BatchSequence.RING)
        for await (const [key, text] of database.iterator({ gte: lowest, lte: highest })) {
          const opened = Envelope.open(key, text, crc32)
          found.push(("value" in opened && BatchSequence.readSlot(opened.value)) || { first: 0, last: 0 })
        }
      })
      // The first batch made the store.
      expect(BatchSequence.missing({ first: 2, last: 9 }, found)).toBeUndefined()
      expect(Math.max(...found.map(({ last }) => last))).toBe(9)
    })
  )

  it.scoped("leaves no journal behind when it is closed, and nothing in the log of the database", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const open = yield* session(directory, (storage) =>
        Effect.zipRight(
          storage.write([put(1, "1")]),
          Effect.promise(() => FileSystem.readdir(directory))
        )
      )
      expect(open).toContain("journal-a")
      const closed = yield* Effect.promise(() => FileSystem.readdir(directory))
      expect(closed.filter((name) => name.startsWith("journal"))).toEqual([])
      const logs = closed.filter((name) => name.endsWith(".log"))
      const stats = yield* Effect.promise(() =>
        Promise.all(logs.map((name) => FileSystem.stat(Path.join(directory, name))))
      )
      expect(stats.map(({ size }) => size)).toEqual([0])
    })
  )
})

describe("LevelStorage, opened on a directory that was tampered with", () => {
  it.scoped("names the last batches, where they are missing after it was closed", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeEach(directory, numbers(1, 20))
      const before = StoreRecords.checkpointValue({ segments: 0, sequence: 19 })
      yield* tamper(directory, (database) => database.put(...sealed(StoreRecords.CHECKPOINT_KEY, before)))
      const error = yield* openError(directory)
      expect(error).toMatchObject({ _tag: "CorruptStore", reason: expect.stringMatching(/2 .* missing: 20, 21$/) })
    })
  )

  it.scoped("does not start anew where the database is gone", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeEach(directory, [1])
      yield* Effect.promise(async () => {
        for (const file of await FileSystem.readdir(directory)) {
          if (file !== "last-sequence.json") await FileSystem.rm(Path.join(directory, file))
        }
      })
      expect(yield* openError(directory)).toMatchObject({ _tag: "CorruptStore", reason: "its database files are gone" })
      expect(yield* openError(directory)).toMatchObject({ _tag: "CorruptStore" })
    })
  )

  it.scoped("names the file of its last batch number, where that is missing", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const path = Path.join(directory, "last-sequence.json")
      yield* writeEach(directory, [1])
      yield* Effect.promise(() => FileSystem.rm(path))
      const missing = { _tag: "CorruptStore", reason: "last-sequence.json is missing" }
      expect(yield* openError(directory)).toMatchObject(missing)
    })
  )

  it.scoped("makes that file where its process ended before it did", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const path = Path.join(directory, "last-sequence.json")
      yield* session(directory, () => Effect.void)
      const made = yield* Effect.promise(() => FileSystem.readFile(path, "utf8"))
      yield* Effect.promise(() => FileSystem.rm(path))
      yield* session(directory, () => Effect.void)
      expect(yield* Effect.promise(() => FileSystem.readFile(path, "utf8"))).toBe(made)
    })
  )

  it.scoped("refuses a format that is newer than this program", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeEach(directory, [1])
      const newer = JSON.stringify({ format: StoreRecords.FORMAT + 1, more: true })
      yield* tamper(directory, (database) => database.put(...sealed(StoreRecords.FORMAT_KEY, newer)))
      const error = yield* openError(directory)
      expect(error).toMatchObject({ _tag: "CorruptStore", reason: expect.stringContaining("newer than this program") })
    })
  )

  it.scoped("refuses a database that it did not make", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* tamper(directory, (database) => database.put("some", "thing"))
      const error = yield* openError(directory)
      expect(error).toMatchObject({ _tag: "CorruptStore", reason: expect.stringContaining("no format record") })
    })
  )

  it.scoped("refuses records of its own that it cannot trust", () =>
    Effect.gen(function* () {
      const own: ReadonlyArray<readonly [key: string, text: string, reason: RegExp]> = [
        [StorageKeyCodec.encode(StoreRecords.FORMAT_KEY), "{}", /"format".*not an envelope/],
        [...sealed(StoreRecords.FORMAT_KEY, '{"format":"1"}'), /format record cannot be read/],
        [StorageKeyCodec.encode(StoreRecords.CHECKPOINT_KEY), "{}", /"checkpoint".*not an envelope/],
        [...sealed(StoreRecords.CHECKPOINT_KEY, '{"segments":-1,"sequence":2}'), /checkpoint record cannot be read/]
      ]
      for (const [key, text, reason] of own) {
        const directory = yield* temporaryDirectory
        yield* writeEach(directory, [1])
        yield* tamper(directory, (database) => database.put(key, text))
        expect(yield* openError(directory)).toMatchObject({
          _tag: "CorruptStore",
          reason: expect.stringMatching(reason)
        })
      }
    })
  )

  it.scoped("answers a record that it did not write with its key and an error, and others with their values", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* writeEach(directory, [1, 2])
      const moved = sealed(keyOf(1), "1")[1]
      yield* tamper(directory, async (database) => {
        await database.put(StorageKeyCodec.encode(keyOf(3)), "garbage")
        await database.put(StorageKeyCodec.encode(keyOf(4)), moved)
        await database.put("babc!rev!$~garbage", "garbage")
        await database.put("czzz", "garbage")
      })
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          const range = { space: "block", block: "abc", kind: "rev", limit: 100 } as const
          expect(yield* storage.range({ ...range, to: 2 })).toHaveLength(2)
          const corrupt = (key: string) => ({ _tag: "CorruptRecord", key })
          expect(yield* Effect.flip(storage.get(keyOf(3)))).toMatchObject(corrupt('["block","abc","rev",3]'))
          expect(yield* Effect.flip(storage.get(keyOf(4)))).toMatchObject(corrupt('["block","abc","rev",4]'))
          expect(yield* Effect.flip(storage.getMany([keyOf(1), keyOf(4)]))).toMatchObject(
            corrupt('["block","abc","rev",4]')
          )
          expect(yield* Effect.flip(storage.range(range))).toMatchObject(corrupt('["block","abc","rev",3]'))
          expect(yield* Effect.flip(storage.range({ ...range, from: "" }))).toMatchObject(
            corrupt('"babc!rev!$~garbage"')
          )
          expect(yield* Effect.flip(storage.blocks("transaction", { limit: 1 }))).toMatchObject(corrupt('"czzz"'))
        })
      )
    })
  )
})
