/** A store is copied while it is written, with so little room that tables and journal files come and go all the time. */
import FileSystem from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { JournalFiles } from "../../layers/storage/journal/JournalFiles.ts"
import * as LevelBackup from "../../layers/storage/LevelBackup.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const SMALL = { journalSegmentBytes: 32 * 1024, writeBufferSizeBytes: 32 * 1024 }
const BACKUPS = 6
/** Pairs that are acknowledged between one backup and the next, at least. */
const BETWEEN = 100
/** Records that the writer puts over and over again, so that tables are merged. */
const OVERWRITTEN = 64

const recordOf = (block: string, name: number): StorageKey => ["block", block, "rev", name]
const random = Prng.make("backup")
const filler = (): string => random.bytes(200).join("")
const writesOf = (n: number) => [
  ...["left", "right"].map((block) => ({ key: recordOf(block, n), type: "put", value: String(n) }) as const),
  { key: recordOf("over", n % OVERWRITTEN), type: "put", value: JSON.stringify([n, filler()]) } as const
]

const open = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  Effect.flatMap(RawStorage, use).pipe(Effect.provide(LevelStorage.layer({ directory, ...SMALL })))

/** Writes a pair, and counts it once it is acknowledged. */
const written = (storage: RawStorageService, acknowledged: { count: number }) =>
  Effect.suspend(() =>
    Effect.tap(storage.write(writesOf(acknowledged.count)), () => {
      acknowledged.count += 1
    })
  )

/** Writes that fill both files of the journal more than once, and so make tables of the rest. */
const BURST = 100
/** More than the steps of a copying: directories that are listed, and files that are copied. */
const STEPS = 16

/** Runs an effect that copies a directory, and, before its nth step, another one. */
const beforeStep =
  <E2>(nth: number, meanwhile: Effect.Effect<unknown, E2>) =>
  <A, E>(copying: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const { copyFile, readdir } = FileSystem
        let step = 0
        const take = async () => {
          if (step++ === nth) await Effect.runPromise(meanwhile)
        }
        FileSystem.copyFile = (...given) => take().then(() => copyFile(...given))
        FileSystem.readdir = ((directory: string) => take().then(() => readdir(directory))) as typeof readdir
        syncBuiltinESMExports()
        return { copyFile, readdir }
      }),
      () => copying,
      (original) =>
        Effect.sync(() => {
          Object.assign(FileSystem, original)
          syncBuiltinESMExports()
        })
    )

/** How many pairs a store holds; dies where one is apart, one is missing, or an overwritten record is not the last of its kind. */
const pairsIn = (directory: string) =>
  open(directory, (storage) =>
    Effect.gen(function* () {
      const all = { kind: "rev", limit: 1_000_000, space: "block" } as const
      const [left, right, over] = yield* Effect.forEach(["left", "right", "over"], (block) =>
        storage.range({ ...all, block })
      )
      const count = left!.length
      const numbers = Array.from({ length: count }, (_, n) => String(n))
      expect(left!.map(({ value }) => value)).toEqual(numbers)
      expect(right!.map(({ value }) => value)).toEqual(numbers)
      const newest = Array.from({ length: OVERWRITTEN }, (_, slot) => {
        const laps = Math.floor((count - 1 - slot) / OVERWRITTEN)
        return laps < 0 ? [] : [slot + laps * OVERWRITTEN]
      }).flat()
      expect(over!.map(({ value }) => (JSON.parse(value) as [number, string])[0])).toEqual(newest)
      return count
    })
  )

describe("LevelBackup", () => {
  it.scopedLive("a copy of a store that is being written opens, and has all that was acknowledged before", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const from = Path.join(directory, "open")
      const copies = yield* open(from, (storage) =>
        Effect.gen(function* () {
          const acknowledged = { count: 0 }
          const writing = yield* Effect.fork(Effect.forever(written(storage, acknowledged)))
          const copies = []
          for (let i = 0; i < BACKUPS; i++) {
            const more = acknowledged.count + BETWEEN
            yield* Effect.repeat(Effect.sleep("10 millis"), { until: () => acknowledged.count >= more })
            const before = acknowledged.count
            const to = Path.join(directory, `copy-${i}`)
            const result = yield* LevelBackup.copy({ from, to })
            copies.push({ before, result, to })
          }
          yield* Fiber.interrupt(writing)
          return copies
        })
      )
      for (const { before, result, to } of copies) {
        expect(before).toBeGreaterThan(0)
        expect(yield* pairsIn(to)).toBeGreaterThanOrEqual(before)
        expect(result.records).toBeGreaterThan(2 * before)
      }
    })
  )

  it.scopedLive(
    "whatever is written between two steps of the copying, the copy has all that was acknowledged before",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const from = Path.join(directory, "open")
        yield* open(from, (storage) =>
          Effect.gen(function* () {
            const acknowledged = { count: 0 }
            const burst = Effect.repeatN(written(storage, acknowledged), BURST)
            yield* burst
            let attempts = 0
            for (let step = 0; step < STEPS; step++) {
              const before = acknowledged.count
              const to = Path.join(directory, `copy-${step}`)
              const result = yield* LevelBackup.copy({ from, to }).pipe(beforeStep(step, burst))
              attempts += result.attempts
              expect(yield* pairsIn(to)).toBeGreaterThanOrEqual(before)
            }
            // Some bursts did overtake the copying, and that was noticed.
            expect(attempts).toBeGreaterThan(STEPS)
          })
        )
      })
  )

  it.scoped(
    "a copy of a store that was closed, or whose process died, holds the same, and the store is left as it is",
    () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const [closed, dead] = [Path.join(directory, "closed"), Path.join(directory, "dead")]
        yield* open(closed, (storage) =>
          Effect.gen(function* () {
            for (let n = 0; n < 100; n++) yield* storage.write(writesOf(n))
            yield* quietDirectory(closed)
            yield* Effect.promise(() => FileSystem.cp(closed, dead, { recursive: true }))
          })
        )
        for (const from of [closed, dead]) {
          const contents = Effect.promise(async () => {
            const names = await FileSystem.readdir(from)
            return Promise.all(
              names.map(async (name) => [name, await FileSystem.readFile(Path.join(from, name), "hex")])
            )
          })
          const before = yield* contents
          yield* LevelBackup.copy({ from, to: `${from}-copy` })
          expect(yield* contents).toEqual(before)
          expect(yield* pairsIn(`${from}-copy`)).toBe(100)
        }
        expect((yield* Effect.promise(() => FileSystem.readdir(directory))).sort()).toEqual([
          "closed",
          "closed-copy",
          "dead",
          "dead-copy"
        ])
      })
  )

  it.scopedLive("a store with a damaged or a missing table is refused, and no copy stays", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const from = Path.join(directory, "damaged")
      yield* open(from, (storage) =>
        Effect.forEach(
          Array.from({ length: 100 }, (_, n) => n),
          (n) => storage.write(writesOf(n))
        )
      )
      const table = (yield* Effect.promise(() => FileSystem.readdir(from))).find((name) => name.endsWith(".ldb"))!
      const path = Path.join(from, table)
      const bytes = yield* Effect.promise(() => FileSystem.readFile(path))
      bytes[100]! ^= 1
      yield* Effect.promise(() => FileSystem.writeFile(path, bytes))
      const copying = LevelBackup.copy({ from, maxAttempts: 2, to: `${from}-copy` }).pipe(Effect.flip)
      const damaged = yield* copying
      expect(["CorruptRecord", "CorruptStore"]).toContain(damaged._tag)
      yield* Effect.promise(() => FileSystem.rm(path))
      expect((yield* copying).message).toContain("of 2 copies none was whole")
      expect(yield* Effect.promise(() => FileSystem.readdir(directory))).toEqual(["damaged"])
    })
  )

  it.scoped("a copy into which its journal could not be brought is an error, and does not stay", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const from = Path.join(directory, "store")
      const files = yield* JournalFiles
      const remove = async (path: string) => {
        if ((await files.read(path)) !== undefined) throw new Error("EIO: i/o error")
      }
      const error = yield* open(from, (storage) =>
        Effect.zipRight(
          storage.write(writesOf(0)),
          LevelBackup.copy({ from, maxAttempts: 2, to: `${from}-copy` }).pipe(
            Effect.flip,
            Effect.provideService(JournalFiles, { ...files, remove })
          )
        )
      )
      expect([error._tag, error.message]).toEqual(["StorageUnavailable", expect.stringContaining("journal")])
      expect(yield* Effect.promise(() => FileSystem.readdir(directory))).toEqual(["store"])
    })
  )

  it.scoped("what is no store is refused", () =>
    Effect.gen(function* () {
      const from = yield* temporaryDirectory
      const refused = yield* Effect.flip(LevelBackup.copy({ from, maxAttempts: 1, to: `${from}-copy` }))
      expect([refused._tag, refused.message]).toEqual([
        "CorruptStore",
        `Store ${from} cannot be opened: of 1 copies none was whole; of the last one: its CURRENT or the manifest that this names is not there`
      ])
    })
  )
})
