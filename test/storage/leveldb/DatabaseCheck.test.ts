/** What is noticed of the files of a LevelDB database before LevelDB opens it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LevelStorage from "../../../layers/storage/LevelStorage.ts"
import * as DatabaseCheck from "../../../layers/storage/leveldb/DatabaseCheck.ts"
import * as RecordFile from "../../../layers/storage/leveldb/RecordFile.ts"
import { RawStorage, type RawStorageService } from "../../../services/RawStorage.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { temporaryDirectory } from "../temporaryDirectory.ts"

const session = <A, E>(
  directory: string,
  use: (storage: RawStorageService) => Effect.Effect<A, E>,
  options: Omit<LevelStorage.LevelStorageOptions, "directory"> = {}
) => Effect.flatMap(RawStorage, use).pipe(Effect.provide(LevelStorage.layer({ directory, ...options })))

const write = (directory: string, count: number, text: string) =>
  session(directory, (storage) =>
    Effect.forEach(Array.from({ length: count }), (_, name) =>
      storage.write([{ key: ["block", "b", "k", name], type: "put", value: JSON.stringify({ name, text }) }])
    )
  )

/** A store of two sessions, with two tables. */
const smallStore = Effect.tap(temporaryDirectory, (directory) =>
  Effect.zipRight(write(directory, 20, "first"), write(directory, 25, "second"))
)

/** Why a database is refused, or "" where it is not. */
const refusal = (directory: string, content = true) =>
  DatabaseCheck.check(directory, content).pipe(
    Effect.as(""),
    Effect.catchAll((error) => Effect.succeed("reason" in error ? `${error._tag}: ${error.reason}` : error._tag))
  )

const namesIn = (directory: string, pattern: RegExp) =>
  FileSystem.readdirSync(directory).filter((name) => pattern.test(name))

/** Runs while a file has other bytes. */
const whileChanged = <A, E>(path: string, change: (bytes: Buffer) => Uint8Array, use: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = FileSystem.readFileSync(path)
      FileSystem.writeFileSync(path, change(Buffer.from(before)))
      return before
    }),
    () => use,
    (before) => Effect.sync(() => FileSystem.writeFileSync(path, before))
  )

const flip = (byte: number, bit: number) => (bytes: Buffer) => {
  bytes[byte]! ^= 1 << bit
  return bytes
}

/** Of the 48 bytes at the end of a table the 8 last are its mark, and those before them may be unused. */
const FOOTER_BYTES = 48
const MARK_BYTES = 8
const STEP_BYTES = 31

describe("DatabaseCheck", () => {
  it.scopedLive("notices a byte that is not as it was, and names its file", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      expect(yield* refusal(directory)).toBe("")
      const random = Prng.make("any byte")
      for (const name of namesIn(directory, /\.ldb$|^MANIFEST|^CURRENT$|^manifest-end/)) {
        const path = Path.join(directory, name)
        const size = FileSystem.statSync(path).size
        let unnoticed = 0
        // Every byte where the format has its hinges, some of the others.
        const step = name.endsWith(".ldb") ? STEP_BYTES : 1
        for (let byte = 0; byte < size; byte += byte < size - 2 * FOOTER_BYTES ? step : 1) {
          const found = yield* whileChanged(path, flip(byte, random.nextInt(8)), refusal(directory))
          if (found === "") unnoticed += 1
          const isPadding = name.endsWith(".ldb") && byte >= size - FOOTER_BYTES && byte < size - MARK_BYTES
          expect(found.includes(name) || (isPadding && found === "")).toBe(true)
        }
        expect(unnoticed).toBeLessThan(FOOTER_BYTES)
      }
      expect(yield* refusal(directory)).toBe("")
    })
  )

  it.scopedLive("notices a bit in a table that is larger than what is read of it at once", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const random = Prng.make("large")
      const texts = Array.from({ length: 60 }, () => Buffer.from(random.bytes(40_000)).toString("base64"))
      yield* session(
        directory,
        (storage) =>
          // Small ones first: the index is long then, and compressed.
          storage.write(
            [...Array<string>(3000).fill("x".repeat(300)), ...texts].map((text, name) => ({
              key: ["block", "b", "k", name],
              type: "put",
              value: JSON.stringify(text)
            }))
          ),
        { journalSegmentBytes: 16 * 1024 * 1024 }
      )
      expect(yield* refusal(directory)).toBe("")
      const [largest] = namesIn(directory, /\.ldb$/)
        .map((name) => [FileSystem.statSync(Path.join(directory, name)).size, name] as const)
        .sort(([a], [b]) => b - a)
      const [size, name] = largest!
      expect(size).toBeGreaterThan(2 * 1024 * 1024)
      for (let trial = 0; trial < 30; trial++) {
        const byte = random.nextInt(size - FOOTER_BYTES)
        const found = yield* whileChanged(Path.join(directory, name), flip(byte, random.nextInt(8)), refusal(directory))
        expect(found).toContain(`CorruptStore: ${name} is damaged`)
      }
    })
  )

  it.scopedLive("notices every file that is missing, and names it", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      for (const name of namesIn(directory, /\.ldb$|^MANIFEST|^CURRENT$/)) {
        const [path, away] = [Path.join(directory, name), Path.join(directory, "away")]
        FileSystem.renameSync(path, away)
        const found = yield* refusal(directory, false)
        expect(found).toContain("CorruptStore: ")
        expect(found).toContain(`${name}`)
        expect(found).toContain("is missing")
        FileSystem.renameSync(away, path)
      }
      expect(yield* refusal(directory)).toBe("")
    })
  )

  it.scopedLive("notices a MANIFEST that ends earlier than it did, at any record", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      const [manifest] = namesIn(directory, /^MANIFEST/)
      const path = Path.join(directory, manifest!)
      const bytes = FileSystem.readFileSync(path)
      const { records } = RecordFile.scan(bytes)
      expect(records.length).toBeGreaterThan(2)
      let end = 0
      for (const record of records) {
        expect(yield* whileChanged(path, (whole) => whole.subarray(0, end), refusal(directory))).toContain(manifest!)
        // As a damaged length looks: more than the file has.
        const longer = (whole: Buffer) => flip(end + 5, 7)(whole)
        expect(yield* whileChanged(path, longer, refusal(directory))).toContain(`${manifest} is damaged`)
        end += 7 + record.length
      }
      // What came after that may be cut off: nothing stood on it.
      const grown = (whole: Buffer) => Buffer.concat([whole, whole.subarray(0, 20)])
      expect(yield* whileChanged(path, grown, refusal(directory))).toBe("")
    })
  )

  it.scopedLive("reads no table where it is told not to, but misses one that is shorter", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      const path = Path.join(directory, namesIn(directory, /\.ldb$/)[0]!)
      expect(yield* whileChanged(path, flip(100, 0), refusal(directory, false))).toBe("")
      expect(yield* whileChanged(path, (bytes) => bytes.subarray(1), refusal(directory, false))).toContain("instead of")
    })
  )

  it.scopedLive("says that a database is in use, where another process changes its files", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      const program = `const { ClassicLevel } = require("classic-level")
        new ClassicLevel(process.argv[1]).open().then(() => { console.log("open"); setInterval(() => {}, 1000) })`
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["-e", program, directory], { stdio: ["ignore", "pipe", "inherit"] })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => once(child.stdout, "data"))
      const path = Path.join(directory, namesIn(directory, /\.ldb$/)[0]!)
      expect(yield* whileChanged(path, flip(100, 0), refusal(directory))).toBe("StorageLocked")
      child.kill("SIGKILL")
      yield* Effect.promise(() => once(child, "exit"))
      expect(yield* whileChanged(path, flip(100, 0), refusal(directory))).toContain("CorruptStore")
      expect(yield* refusal(directory)).toBe("")
    })
  )
})

describe("LevelStorage with a damaged table", () => {
  it.scopedLive("changes nothing, and is right once the table is", () =>
    Effect.gen(function* () {
      const directory = yield* smallStore
      const stored = /\.ldb$|^MANIFEST|^CURRENT$|\.json$|\.log$/
      const before = namesIn(directory, stored)
      const path = Path.join(directory, namesIn(directory, /\.ldb$/)[0]!)
      yield* whileChanged(
        path,
        flip(100, 0),
        Effect.gen(function* () {
          for (let turn = 0; turn < 2; turn++) {
            const error = yield* Effect.flip(session(directory, () => Effect.void))
            expect(error._tag === "CorruptStore" && error.reason).toContain(`${Path.basename(path)} is damaged`)
          }
        })
      )
      expect(namesIn(directory, stored)).toEqual(before)
      const values = yield* session(directory, (storage) =>
        storage.range({ block: "b", kind: "k", limit: 100, space: "block" })
      )
      expect(values.map(({ value }) => JSON.parse(value).text)).toEqual(Array(25).fill("second"))
    })
  )
})
