import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as LevelDatabase from "../../layers/storage/LevelDatabase.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const openIn = (directory: string) => LevelDatabase.open(directory, true, LevelStorage.defaultOptions)

const PAUSES = { schedule: Schedule.spaced("50 millis"), times: 100 }

const FILE_NUMBERS = 200

/** Folders where LevelDB would make its next files: it cannot then. */
const obstacles = async (directory: string, extension: string) => {
  const names = Array.from({ length: FILE_NUMBERS }, (_, n) => `${String(n + 1).padStart(6, "0")}.${extension}`)
  const present = await FileSystem.readdir(directory)
  const made = names.filter((name) => !present.includes(name)).map((name) => Path.join(directory, name))
  for (const path of made) await FileSystem.mkdir(path)
  return async () => {
    for (const path of made) await FileSystem.rm(path, { force: true, recursive: true })
  }
}

const logsIn = async (directory: string) =>
  (await FileSystem.readdir(directory))
    .filter((name) => name.endsWith(".log"))
    .map((name) => Path.join(directory, name))

describe("LevelDatabase.flush", () => {
  it.scoped("leaves nothing that only the log holds", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* Effect.scoped(
        Effect.flatMap(openIn(directory), (database) =>
          Effect.promise(async () => {
            for (let n = 0; n < 50; n++) await database.put(`key ${n}`, `value ${n}`)
            await LevelDatabase.flush(database)
            await database.put("later", "1")
          })
        )
      )
      yield* Effect.promise(async () => {
        for (const log of await logsIn(directory)) await FileSystem.truncate(log)
      })
      const database = yield* openIn(directory)
      yield* Effect.promise(async () => {
        expect(await database.keys().all()).toHaveLength(50)
        expect(await database.get("later")).toBeUndefined()
      })
    })
  )

  for (const extension of ["ldb", "log"]) {
    it.scoped(`says so where no new .${extension} file can be made`, () =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        const database = yield* openIn(directory)
        yield* Effect.promise(async () => {
          await database.put("key", "value")
          const remove = await obstacles(directory, extension)
          await expect(LevelDatabase.flush(database)).rejects.toThrow("LevelDB could not write a table")
          await remove()
          await database.close()
          await database.open()
          await LevelDatabase.flush(database)
          expect(await database.get("key")).toBe("value")
        })
      })
    )
  }
})

describe("LevelStorage over a database that cannot write its files", () => {
  it.scopedLive("goes on taking and serving batches, and catches up by itself", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const put = (name: number) =>
        ({ key: ["block", "b", "k", name], type: "put", value: JSON.stringify("x".repeat(400)) }) as const
      const run = Effect.gen(function* () {
        const storage = yield* RawStorage
        yield* storage.write([put(0)])
        const remove = yield* Effect.promise(() => obstacles(directory, "ldb"))
        // More than the first file of the journal takes.
        for (let name = 1; name < 20; name++) yield* storage.write([put(name)])
        yield* Effect.sleep("100 millis")
        expect(yield* storage.get(["block", "b", "k", 19])).toBe(put(19).value)
        yield* Effect.promise(remove)
        // It tries again with growing pauses.
        for (let name = 20; name < 40; name++) yield* Effect.retry(storage.write([put(name)]), PAUSES)
        const all = { block: "b", kind: "k", limit: 100, space: "block" } as const
        expect(yield* Effect.retry(storage.range(all), PAUSES)).toHaveLength(40)
      })
      yield* run.pipe(Effect.provide(LevelStorage.layer({ directory, journalSegmentBytes: 8 * 1024 })))
      expect(yield* Effect.promise(() => FileSystem.readdir(directory))).not.toContain("journal-a")
    })
  )
})
