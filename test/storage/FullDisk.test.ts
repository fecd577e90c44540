/**
 * A disk without room, as it really is: a small file system in memory, mounted for the test. Where that is not permitted these
 * tests say so and end; the same rules are held on files that fail by design, in LevelJournal.test.ts, LevelDatabase.test.ts
 * and FailingFiles.test.ts.
 */
import { execFileSync } from "node:child_process"
import * as FileSystem from "node:fs"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { describe, expect, it } from "vitest"
import * as FilesStorage from "../../layers/storage/FilesStorage.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import type { OpenError, StorageError } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const KIBIBYTE = 1024
const DISK_BYTES = 3 * KIBIBYTE * KIBIBYTE
const BALLAST = "ballast"

const mount = (directory: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", directory], { stdio: "pipe" })

const unmount = (directory: string) => execFileSync("umount", [directory], { stdio: "pipe" })

const remount = (directory: string, mode: "ro" | "rw") =>
  execFileSync("mount", ["-o", `remount,${mode}`, directory], { stdio: "pipe" })

/** A disk of 3 MiB, in a directory. */
const smallDisk = Effect.tap(temporaryDirectory, (directory) =>
  Effect.acquireRelease(
    Effect.sync(() => mount(directory)),
    () => Effect.sync(() => unmount(directory))
  )
)

/** Why no file system can be mounted here, if so. */
const refusal = await Effect.runPromise(
  Effect.scoped(smallDisk).pipe(
    Effect.as(""),
    Effect.catchAllDefect((defect) => Effect.succeed(String(defect).split("\n")[0]!))
  )
)

/** A file that leaves so much room on the disk. */
const fillUpTo = (directory: string, leftBytes: number) => {
  const { bavail, bsize } = FileSystem.statfsSync(directory)
  FileSystem.writeFileSync(Path.join(directory, BALLAST), Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)))
}

const makeRoom = (directory: string) => FileSystem.rmSync(Path.join(directory, BALLAST), { force: true })

const keyOf = (name: number): StorageKey => ["block", "b", "k", name]
const valueOf = (name: number) =>
  JSON.stringify({ name, text: Buffer.from(Prng.make(name).bytes(3000)).toString("base64") })
const put = (name: number) => [{ key: keyOf(name), type: "put", value: valueOf(name) } as const]

const LAYERS = {
  FilesStorage: (directory: string) => FilesStorage.layer({ directory, journalSegmentBytes: 64 * KIBIBYTE }),
  LevelStorage: (directory: string) => LevelStorage.layer({ directory, journalSegmentBytes: 64 * KIBIBYTE })
}

/** Writes from a number on until a write is refused; gives the number that was refused, and why. */
const writeUntilRefused = (storage: RawStorageService, from: number) =>
  Effect.gen(function* () {
    for (let name = from; name < from + 2 * (DISK_BYTES / 4000); name++) {
      const written = yield* Effect.either(storage.write(put(name)))
      if (written._tag === "Left") return { error: written.left, refused: name }
    }
    return yield* Effect.dieMessage("the disk never was full")
  })

/** That the first records are what was written, and no other is there. */
const expectHeld = (storage: RawStorageService, count: number) =>
  Effect.gen(function* () {
    for (let name = 0; name < count; name++) expect(yield* storage.get(keyOf(name))).toBe(valueOf(name))
    expect(yield* storage.get(keyOf(count))).toBeUndefined()
  })

const PATIENCE = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(200))

const onSmallDisk = (rule: string, use: (disk: string) => Effect.Effect<void, StorageError | OpenError>) =>
  it(rule, (context) =>
    refusal === "" ? Effect.runPromise(Effect.scoped(Effect.flatMap(smallDisk, use))) : context.skip(refusal)
  )

describe.each(["FilesStorage", "LevelStorage"] as const)("%s on a full disk", (kind) => {
  const session = <A, E>(disk: string, use: (storage: RawStorageService) => Effect.Effect<A, E>) =>
    Effect.flatMap(RawStorage, use).pipe(Effect.provide(LAYERS[kind](Path.join(disk, "store"))))

  onSmallDisk("refuses writes with an error, keeps what it took, and goes on once there is room", (disk) =>
    Effect.gen(function* () {
      const count = yield* session(disk, (storage) =>
        Effect.gen(function* () {
          let held = 0
          // Room that the journal, or only LevelDB, runs out of.
          for (const leftBytes of [0, 40 * KIBIBYTE, 100 * KIBIBYTE, 300 * KIBIBYTE]) {
            yield* Effect.retry(storage.write(put(held)), PATIENCE)
            held += 1
            fillUpTo(disk, leftBytes)
            const { error, refused } = yield* writeUntilRefused(storage, held)
            expect(error._tag).toBe("StorageUnavailable")
            held = refused
            yield* expectHeld(storage, held)
            makeRoom(disk)
          }
          yield* Effect.retry(storage.write(put(held)), PATIENCE)
          yield* expectHeld(storage, held + 1)
          return held + 1
        })
      )
      yield* session(disk, (storage) => expectHeld(storage, count))
    })
  )

  onSmallDisk("loses nothing where it is closed without room, and opened again with some", (disk) =>
    Effect.gen(function* () {
      const count = yield* session(disk, (storage) =>
        Effect.gen(function* () {
          for (let name = 0; name < 20; name++) yield* storage.write(put(name))
          fillUpTo(disk, 0)
          const { refused } = yield* writeUntilRefused(storage, 20)
          return refused
        })
      )
      // It may need room to open; it then says that this is missing, and nothing else.
      const open = yield* Effect.either(session(disk, (storage) => expectHeld(storage, count)))
      if (open._tag === "Left") expect(open.left._tag).toBe("StorageUnavailable")
      makeRoom(disk)
      yield* session(disk, (storage) =>
        Effect.gen(function* () {
          yield* expectHeld(storage, count)
          yield* storage.write(put(count))
          yield* expectHeld(storage, count + 1)
        })
      )
    })
  )

  onSmallDisk("says so where there is no room to make a store, and makes it later", (disk) =>
    Effect.gen(function* () {
      fillUpTo(disk, 0)
      const made = yield* Effect.either(session(disk, (storage) => storage.write(put(0))))
      expect(made._tag === "Left" && made.left._tag).toBe("StorageUnavailable")
      makeRoom(disk)
      yield* session(disk, (storage) => Effect.zipRight(storage.write(put(0)), expectHeld(storage, 1)))
    })
  )

  onSmallDisk("says so where what it left behind cannot be brought in, and brings it in later", (disk) =>
    Effect.gen(function* () {
      const [store, left] = [Path.join(disk, "store"), Path.join(disk, "left")]
      yield* session(disk, (storage) =>
        Effect.gen(function* () {
          for (let name = 0; name < 30; name++) yield* storage.write(put(name))
          yield* quietDirectory(store)
          FileSystem.cpSync(store, left, { recursive: true })
        })
      )
      FileSystem.rmSync(store, { recursive: true })
      FileSystem.renameSync(left, store)
      for (const leftBytes of [0, 8 * KIBIBYTE, 40 * KIBIBYTE, 100 * KIBIBYTE]) {
        fillUpTo(disk, leftBytes)
        const open = yield* Effect.either(session(disk, (storage) => expectHeld(storage, 30)))
        if (open._tag === "Left") expect(open.left._tag).toBe("StorageUnavailable")
        makeRoom(disk)
      }
      yield* session(disk, (storage) => expectHeld(storage, 30))
    })
  )

  onSmallDisk("says so where the disk can only be read, and goes on once it can be written", (disk) =>
    Effect.gen(function* () {
      yield* session(disk, (storage) => storage.write(put(0)))
      remount(disk, "ro")
      const open = yield* Effect.either(session(disk, (storage) => storage.get(keyOf(0))))
      expect(open._tag === "Left" && open.left._tag).toBe("StorageUnavailable")
      remount(disk, "rw")
      yield* session(disk, (storage) => Effect.zipRight(storage.write(put(1)), expectHeld(storage, 2)))
    })
  )
})
