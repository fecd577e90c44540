/** What the journal in front of LevelDB keeps from whom: a store that was not closed is a copy of one that is open. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Checksum from "../../layers/storage/Checksum.ts"
import { JournalFiles } from "../../layers/storage/journal/JournalFiles.ts"
import * as LastSequenceFile from "../../layers/storage/LastSequenceFile.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { MemoryJournalFiles } from "./MemoryJournalFiles.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const BATCHES = 40
const keyOf = (name: number): StorageKey => ["block", "abc", "rev", name]
const valueOf = (name: number): string => JSON.stringify({ name, text: Prng.make(name).bytes(60).join(" ") })
const put = (name: number, value = valueOf(name)) => ({ key: keyOf(name), type: "put", value }) as const
const names = Array.from({ length: BATCHES }, (_, name) => name)

type Options = Omit<LevelStorage.LevelStorageOptions, "directory">

const session = <A, E>(
  directory: string,
  use: (storage: RawStorageService) => Effect.Effect<A, E>,
  options: Options = {}
) => Effect.flatMap(RawStorage, use).pipe(Effect.provide(LevelStorage.layer({ directory, ...options })))

const writeAll = (storage: RawStorageService) => Effect.forEach(names, (name) => storage.write([put(name)]))

const copyOf = (from: string, to: string) => Effect.promise(() => FileSystem.cp(from, to, { recursive: true }))

const filesOf = (directory: string) => Effect.promise(() => FileSystem.readdir(directory))

const logOf = Effect.fnUntraced(function* (directory: string) {
  const path = Path.join(directory, (yield* filesOf(directory)).find((name) => name.endsWith(".log"))!)
  return { path, sizeBytes: (yield* Effect.promise(() => FileSystem.stat(path))).size }
})

/** A store with all batches, as it is found after its process was killed; its index has taken them in. */
const uncleanStore = Effect.fnUntraced(function* (directory: string) {
  const [open, unclean] = [Path.join(directory, "open"), Path.join(directory, "unclean")]
  let madeBytes = 0
  yield* session(
    open,
    Effect.fnUntraced(function* (storage) {
      yield* storage.write([put(0)])
      madeBytes = (yield* logOf(open)).sizeBytes
      yield* writeAll(storage)
      yield* storage.range({ block: "abc", kind: "rev", limit: 1, space: "block" })
      yield* quietDirectory(open)
      yield* copyOf(open, unclean)
    })
  )
  return { madeBytes, unclean }
})

/** The same after a loss of power: what its database wrote without a sync is gone. */
const unsyncedStore = Effect.fnUntraced(function* (directory: string) {
  const { madeBytes, unclean } = yield* uncleanStore(directory)
  const { path } = yield* logOf(unclean)
  yield* Effect.promise(() => FileSystem.truncate(path, madeBytes))
  return unclean
})

/** How many of the first batches a store holds; dies where one of them is not as it was written. */
const heldBy = (directory: string) =>
  session(directory, (storage) =>
    Effect.map(storage.range({ block: "abc", kind: "rev", limit: 2 * BATCHES, space: "block" }), (records) => {
      expect(records).toEqual(
        names.slice(0, records.length).map((name) => ({ key: keyOf(name), value: valueOf(name) }))
      )
      return records.length
    })
  )

/** The same, or why it does not open, with what was logged meanwhile. */
const outcomeOf = (directory: string) => {
  const warnings: Array<string> = []
  const recording = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => {
      warnings.push(String(message))
    })
  )
  return heldBy(directory).pipe(
    Effect.map((held) => ({ held, reason: "", warnings })),
    Effect.catchTag("CorruptStore", ({ reason }) => Effect.succeed({ held: 0, reason, warnings })),
    Effect.provide(recording)
  )
}

const change = (directory: string, name: string, edit: (bytes: Buffer) => Buffer) =>
  Effect.promise(async () => {
    const path = Path.join(directory, name)
    await FileSystem.writeFile(path, edit(await FileSystem.readFile(path)))
  })

const flip = (bit: number) => (bytes: Buffer) => {
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  return bytes
}

/** One batch made the store, one came before the others. */
const DROPPED = new RegExp(`batch ${BATCHES + 2} is dropped`)

/** Where the zeros begin that nothing was written over. */
const endOf = (bytes: Buffer): number => bytes.length - [...bytes].reverse().findIndex((byte) => byte !== 0)

describe("LevelStorage, not closed", () => {
  it.scoped("loses nothing with what its database had not synced", () =>
    Effect.gen(function* () {
      const unclean = yield* unsyncedStore(yield* temporaryDirectory)
      expect(yield* outcomeOf(unclean)).toEqual({ held: BATCHES, reason: "", warnings: [] })
      expect(yield* filesOf(unclean)).not.toContain("journal-a")
    })
  )

  it.scoped("loses nothing by damage in the log of its database", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { madeBytes, unclean } = yield* uncleanStore(directory)
      const { path, sizeBytes } = yield* logOf(unclean)
      expect(sizeBytes).toBeGreaterThan(2 * madeBytes)
      const random = Prng.make("log bits")
      for (let trial = 0; trial < 20; trial++) {
        const damaged = Path.join(directory, `log-${trial}`)
        yield* copyOf(unclean, damaged)
        // Before that it says that it is a store.
        const bit = madeBytes * 8 + random.nextInt((sizeBytes - madeBytes) * 8)
        yield* change(damaged, Path.basename(path), flip(bit))
        expect(yield* outcomeOf(damaged)).toEqual({ held: BATCHES, reason: "", warnings: [] })
        expect(yield* heldBy(damaged)).toBe(BATCHES)
      }
    })
  )

  it.scoped("loses nothing by damage in its journal, if its database is whole", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const { unclean } = yield* uncleanStore(directory)
      const end = endOf(yield* Effect.promise(() => FileSystem.readFile(Path.join(unclean, "journal-a"))))
      const random = Prng.make("journal bits, indexed")
      for (let trial = 0; trial < 20; trial++) {
        const damaged = Path.join(directory, `journal-${trial}`)
        yield* copyOf(unclean, damaged)
        yield* change(damaged, "journal-a", flip(random.nextInt(end * 8)))
        expect(yield* outcomeOf(damaged)).toEqual({ held: BATCHES, reason: "", warnings: [] })
        // One batch made the store.
        expect(yield* LastSequenceFile.read(damaged, Checksum.ofText)).toBe(BATCHES + 2)
      }
    })
  )

  it.scoped("names a batch that neither its journal nor its database has, or reports that it was the last", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const unclean = yield* unsyncedStore(directory)
      const end = endOf(yield* Effect.promise(() => FileSystem.readFile(Path.join(unclean, "journal-a"))))
      const random = Prng.make("journal bits")
      const met = { held: 0, named: 0, reported: 0 }
      for (let trial = 0; trial < 40; trial++) {
        const damaged = Path.join(directory, `journal-${trial}`)
        yield* copyOf(unclean, damaged)
        // Every other one in the last batch.
        yield* change(damaged, "journal-a", flip(end * 8 - 1 - random.nextInt(trial % 2 === 0 ? end * 8 : 4_000)))
        const { held, reason, warnings } = yield* outcomeOf(damaged)
        if (held === BATCHES) met.held += 1
        else if (held > 0) {
          expect({ held, warnings }).toEqual({ held: BATCHES - 1, warnings: [expect.stringMatching(DROPPED)] })
          met.reported += 1
        } else {
          expect(reason).toMatch(/^1 .* missing: [0-9]+$/)
          met.named += 1
        }
      }
      // Only a foot may be damaged without any loss.
      expect(met.named).toBeGreaterThan(met.held)
      expect(met.reported).toBeGreaterThan(met.held)
    })
  )

  it.scoped("drops a last batch that was being written, and says so once", () =>
    Effect.gen(function* () {
      const unclean = yield* unsyncedStore(yield* temporaryDirectory)
      yield* change(unclean, "journal-a", (bytes) => bytes.fill(0, endOf(bytes) - 100))
      const { held, warnings } = yield* outcomeOf(unclean)
      expect(held).toBe(BATCHES - 1)
      expect(warnings).toEqual([expect.stringMatching(DROPPED)])
      expect(yield* outcomeOf(unclean)).toEqual({ held: BATCHES - 1, reason: "", warnings: [] })
    })
  )

  it.scoped("does not open without its journal", () =>
    Effect.gen(function* () {
      const { unclean } = yield* uncleanStore(yield* temporaryDirectory)
      yield* Effect.promise(() => FileSystem.rm(Path.join(unclean, "journal-a")))
      expect((yield* outcomeOf(unclean)).reason).toMatch(/not closed, and of the 1 file.* 0 are there/)
    })
  )

  it.scoped("holds a batch that is larger than a file of its journal", () =>
    Effect.gen(function* () {
      const large = JSON.stringify("é".repeat(300_000))
      const options = { journalSegmentBytes: 64 * 1024 }
      const directory = yield* temporaryDirectory
      const [open, unclean] = [Path.join(directory, "open"), Path.join(directory, "unclean")]
      yield* session(
        open,
        (storage) =>
          Effect.gen(function* () {
            for (const name of names.slice(0, 10)) yield* storage.write([put(name, name === 5 ? large : "1")])
            yield* quietDirectory(open)
            yield* copyOf(open, unclean)
          }),
        options
      )
      for (const store of [open, unclean]) {
        expect(yield* session(store, (storage) => storage.get(keyOf(5)))).toBe(large)
        expect(yield* session(store, (storage) => storage.get(keyOf(9)))).toBe("1")
      }
    })
  )

  it.scoped("goes through its journal again and again without losing a batch", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const [open, unclean] = [Path.join(directory, "open"), Path.join(directory, "unclean")]
      yield* session(
        open,
        (storage) =>
          writeAll(storage).pipe(Effect.zipRight(quietDirectory(open)), Effect.zipRight(copyOf(open, unclean))),
        { journalSegmentBytes: 1024 }
      )
      expect(yield* outcomeOf(unclean)).toEqual({ held: BATCHES, reason: "", warnings: [] })
      expect(yield* heldBy(open)).toBe(BATCHES)
    })
  )
})

describe("LevelStorage on a journal that fails", () => {
  const faulty = <A, E>(
    directory: string,
    files: MemoryJournalFiles,
    use: (storage: RawStorageService) => Effect.Effect<A, E>
  ) => session(directory, use).pipe(Effect.provide(Layer.succeed(JournalFiles, files)))

  it.scoped("answers a full disk with an error, and goes on once there is room", () =>
    Effect.gen(function* () {
      const files = new MemoryJournalFiles()
      const directory = yield* temporaryDirectory
      yield* faulty(directory, files, (storage) =>
        Effect.gen(function* () {
          files.roomBytes = 100
          const error = yield* Effect.flip(storage.write([put(0)]))
          expect(error).toMatchObject({ _tag: "StorageUnavailable", reason: expect.stringContaining("ENOSPC") })
          expect(yield* storage.get(keyOf(0))).toBeUndefined()
          files.roomBytes = Number.POSITIVE_INFINITY
          yield* storage.write([put(0)])
          files.faults.push({ landed: 100, outcome: "error" })
          expect((yield* Effect.flip(storage.write([put(1)]))).reason).toContain("EIO")
          yield* storage.write([put(1)])
        })
      )
      expect(yield* heldBy(directory)).toBe(2)
    })
  )

  it.scoped("takes no more batches after one that may have landed", () =>
    Effect.gen(function* () {
      const files = new MemoryJournalFiles()
      yield* faulty(yield* temporaryDirectory, files, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(0)])
          files.faults.push({ landed: 100, outcome: "error" }, { landed: 0, outcome: "error" })
          const [failed, next] = [storage.write([put(1)]), storage.write([put(2)])]
          const undecided = { mayHaveLanded: true, reason: expect.stringContaining("EIO") }
          expect({ ...(yield* Effect.flip(failed)) }).toMatchObject(undecided)
          const refused = { mayHaveLanded: false, reason: expect.stringContaining("must be opened again") }
          expect({ ...(yield* Effect.flip(next)) }).toMatchObject(refused)
          expect(yield* storage.get(keyOf(0))).toBe(valueOf(0))
        })
      )
    })
  )

  it.scoped("writes what many fibers write at the same time with few writes", () =>
    Effect.gen(function* () {
      const files = new MemoryJournalFiles()
      yield* faulty(yield* temporaryDirectory, files, (storage) =>
        Effect.forEach(names, (name) => storage.write([put(name)]), { concurrency: 16, discard: true })
      )
      expect(files.writes).toBeLessThanOrEqual(6)
    })
  )
})
