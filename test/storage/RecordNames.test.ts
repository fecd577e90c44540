import * as NodeFs from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import { onDisk } from "./stores.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const keyOf = (name: number): StorageKey => ["block", "abc", "rev", name]
const put = (name: number, value = `${name}`) => ({ key: keyOf(name), type: "put", value }) as const
const remove = (name: number) => ({ key: keyOf(name), type: "delete" }) as const
const ALL = { block: "abc", kind: "rev", limit: 1_000, space: "block" } as const

const session = <A, E>(directory: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
  Effect.flatMap(RawStorage, use).pipe(Effect.provide(onDisk.FilesStorage(directory)))

const openError = (directory: string) => Effect.flip(session(directory, () => Effect.void))

describe("FilesStorage, which knows the names of its files", () => {
  const reads = (storage: RawStorageService) => [
    storage.get(keyOf(2)),
    storage.getMany([keyOf(1), keyOf(2)]),
    storage.range(ALL)
  ]
  const made = Effect.tap(temporaryDirectory, (directory) =>
    session(directory, (storage) => Effect.forEach([1, 2, 3], (name) => storage.write([put(name)])))
  )

  it.scoped("says of a file that is gone that it is missing, until it is written or deleted", () =>
    Effect.gen(function* () {
      const directory = yield* made
      yield* Effect.promise(() => NodeFs.rm(Path.join(directory, "block/abc/revs/2.json")))
      const gone = { _tag: "CorruptRecord", key: '["block","abc","rev",2]', reason: "its file is missing" }
      for (let turn = 0; turn < 2; turn++) {
        yield* session(directory, (storage) =>
          Effect.gen(function* () {
            for (const read of reads(storage)) {
              expect({ ...(yield* Effect.flip<unknown, StorageError, never>(read)) }).toMatchObject(gone)
            }
            expect(yield* storage.range({ ...ALL, to: 1 })).toHaveLength(1)
            expect(yield* storage.blocks("block", { limit: 2 })).toEqual(["abc"])
          })
        )
      }
      yield* session(directory, (storage) => storage.write([put(2, '"again"')]))
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          expect(yield* storage.getMany([keyOf(1), keyOf(2)])).toEqual(["1", '"again"'])
          yield* Effect.promise(() => NodeFs.rm(Path.join(directory, "block/abc/revs/2.json")))
          yield* storage.write([remove(2)])
          expect(yield* storage.range(ALL)).toHaveLength(2)
        })
      )
    })
  )

  it.scoped("refuses the file of a record that was deleted, put back as it was", () =>
    Effect.gen(function* () {
      const directory = yield* made
      const [path, copy] = [Path.join(directory, "block/abc/revs/2.json"), Path.join(directory, "copy")]
      yield* Effect.promise(() => NodeFs.copyFile(path, copy))
      yield* session(directory, (storage) => storage.write([remove(2)]))
      yield* Effect.promise(() => NodeFs.rename(copy, path))
      yield* session(directory, (storage) =>
        Effect.gen(function* () {
          for (const read of reads(storage)) {
            const error = yield* Effect.flip<unknown, StorageError, never>(read)
            expect(error.message).toContain("block/abc/revs/2.json")
          }
        })
      )
    })
  )

  it.scoped("names a folder of a block that it did not make", () =>
    Effect.gen(function* () {
      const directory = yield* made
      const from = Path.join(directory, "block/abc")
      yield* Effect.promise(() => NodeFs.cp(from, Path.join(directory, "block/abd"), { recursive: true }))
      const error = yield* Effect.flip(session(directory, (storage) => storage.blocks("block", { limit: 2 })))
      expect(error.message).toContain("block/abd/revs/1.json")
    })
  )

  it.scoped("takes the names from the files where they are not kept, and says so", () =>
    Effect.gen(function* () {
      const directory = yield* made
      yield* Effect.promise(() => NodeFs.rm(Path.join(directory, "names.json")))
      const found = yield* session(directory, (storage) => storage.range(ALL))
      expect(found).toHaveLength(3)
    })
  )

  it.scoped("does not open with names from before its checkpoint", () =>
    Effect.gen(function* () {
      const directory = yield* made
      const [path, copy] = [Path.join(directory, "names.json"), Path.join(directory, "copy")]
      yield* Effect.promise(() => NodeFs.copyFile(path, copy))
      yield* session(directory, (storage) => storage.write([put(4)]))
      yield* Effect.promise(() => NodeFs.rename(copy, path))
      expect((yield* openError(directory)).message).toMatch(/names.json is of batch 4, before the checkpoint at 5/)
    })
  )
})
