import { spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey, type StorageWrite } from "../../services/RawStorage.ts"
import { onDisk } from "./stores.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const keyOf = (name: string | number): StorageKey => ["block", "abc", "rev", name]
const put = (name: string | number, value: string): StorageWrite => ({ type: "put", key: keyOf(name), value })

/** Where LevelDB holds the lock of a store. */
const LOCKED_FOLDERS = { FilesStorage: "in-use", LevelStorage: "" } as const

/** The kind of store that a store is not. */
const OTHERS = { FilesStorage: "LevelStorage", LevelStorage: "FilesStorage" } as const

describe.each(["FilesStorage", "LevelStorage"] as const)("%s", (kind) => {
  /** Opens the store of a directory, uses it, and closes it. */
  const session = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>, as = kind) =>
    Effect.flatMap(RawStorage, use).pipe(Effect.provide(onDisk[as](directory)))

  const openError = (directory: string, as = kind) => Effect.flip(session(directory, () => Effect.void, as))

  it.scoped("creates its directory, and those above it", () =>
    Effect.gen(function* () {
      const directory = Path.join(yield* temporaryDirectory, "a", "b")
      yield* session(directory, (storage) => storage.write([put(1, "1")]))
      expect(yield* session(directory, (storage) => storage.get(keyOf(1)))).toBe("1")
    })
  )

  it.scoped("says why it cannot be where a file is", () =>
    Effect.gen(function* () {
      const file = Path.join(yield* temporaryDirectory, "file")
      yield* Effect.promise(() => FileSystem.writeFile(file, ""))
      const error = yield* openError(Path.join(file, "store"))
      expect(error).toMatchObject({ _tag: "StorageUnavailable", reason: expect.stringContaining("ENOTDIR") })
    })
  )

  it.scoped("is open once in a process", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const inner = yield* session(directory, () => openError(directory))
      expect(inner).toMatchObject({ _tag: "StorageLocked", directory })
      yield* session(directory, () => Effect.void)
    })
  )

  it.scoped("is open in one process", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const program = `const { ClassicLevel } = require("classic-level")
        new ClassicLevel(process.argv[1]).open().then(() => { console.log("open"); setInterval(() => {}, 1000) })`
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(process.execPath, ["-e", program, Path.join(directory, LOCKED_FOLDERS[kind])], {
            stdio: ["ignore", "pipe", "inherit"]
          })
        ),
        (child) => Effect.sync(() => child.kill("SIGKILL"))
      )
      yield* Effect.promise(() => once(child.stdout, "data"))
      expect(yield* openError(directory)).toMatchObject({ _tag: "StorageLocked", directory })
    })
  )

  it.scoped("answers with an error, not a defect, once it is closed", () =>
    Effect.gen(function* () {
      const storage = yield* session(yield* temporaryDirectory, Effect.succeed)
      const calls: ReadonlyArray<Effect.Effect<unknown, StorageError>> = [
        storage.get(keyOf(1)),
        storage.getMany([keyOf(1)]),
        storage.range({ space: "block", block: "abc", kind: "rev", limit: 1 }),
        storage.blocks("block", { limit: 1 }),
        storage.write([put(1, "1")])
      ]
      for (const call of calls) expect((yield* Effect.flip(call))._tag).toBe("StorageUnavailable")
    })
  )

  it.scopedLive("whose directory is removed takes nothing more, hides nothing, and is not made anew, in parts", () =>
    Effect.gen(function* () {
      const directory = Path.join(yield* temporaryDirectory, "store")
      const all = { block: "abc", kind: "rev", limit: 9, space: "block" } as const
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          yield* storage.write([put(1, "1")])
          yield* storage.range(all)
          yield* storage.write([put(2, "2")])
          yield* Effect.promise(() => FileSystem.rm(directory, { recursive: true }))
          const error = yield* Effect.flip(storage.write([put(3, "3")]))
          expect([error._tag, error.message]).toEqual(["StorageUnavailable", expect.stringContaining("was removed")])
          const reads: ReadonlyArray<readonly [Effect.Effect<unknown, StorageError>, unknown]> = [
            [storage.get(keyOf(1)), "1"],
            [storage.get(keyOf(2)), "2"],
            [storage.getMany([keyOf(2), keyOf(1)]), ["2", "1"]],
            [Effect.map(storage.range(all), (records) => records.map(({ value }) => value)), ["1", "2"]],
            [storage.blocks("block", { limit: 9 }), ["abc"]]
          ]
          for (const [read, expected] of reads) {
            const found = yield* Effect.either(read)
            if (found._tag === "Right") expect(found.right).toEqual(expected)
          }
        })
      )
      const left = yield* Effect.promise(() => FileSystem.readdir(directory).catch(({ code }) => code))
      expect(left).toBe("ENOENT")
    })
  )

  it.scoped("says of a store of another kind that it is one", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* session(directory, (storage) => storage.write([put(1, "1")]), OTHERS[kind])
      const { _tag, message } = yield* openError(directory)
      const [found, expected] = kind === "LevelStorage" ? ["files", "level"] : ["level", "files"]
      expect(_tag).toBe("StoreMismatch")
      expect(message).toBe(`Store ${directory} has storage ${found}, not ${expected}; open it as what it is`)
      expect(yield* session(directory, (storage) => storage.get(keyOf(1)), OTHERS[kind])).toBe("1")
    })
  )

  it.scoped("is open again right after it was closed, and after it could not be opened", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.promise(() => FileSystem.writeFile(Path.join(directory, "last-sequence.json"), "{}"))
      expect(yield* openError(directory)).toMatchObject({ _tag: "CorruptStore" })
      yield* Effect.promise(() => FileSystem.rm(Path.join(directory, "last-sequence.json")))
      for (let turn = 0; turn < 3; turn++) yield* session(directory, (storage) => storage.write([put(turn, "1")]))
    })
  )
})
