import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { CorruptStore, type OpenError, StorageLocked } from "../../schemas/Errors.ts"
import type * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

/** What LevelDB is told, apart from the directory. */
export interface LevelDatabaseOptions {
  readonly cacheSizeBytes: number
  readonly writeBufferSizeBytes: number
  readonly maxOpenFiles: number
}

/**
 * What is compressed together. Records of neighbouring transactions have most of their ids in common: with LevelDB's own 4
 * KiB the same history takes a fifth more.
 */
const BLOCK_BYTES = 16 * 1024

/** The bounds of an interval, for an iterator. */
export const bounds = ({ highest, lowest }: StorageKeyCodec.KeyInterval) => ({ gte: lowest, lte: highest })

/** Whether LevelDB says that something it stored is damaged. */
export const isCorruption = (cause: unknown): boolean => codeOf(cause) === "LEVEL_CORRUPTION"

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined)

const IS_GONE = /does not exist \(create_if_missing is false\)/

/** What LevelDB said: at open it is the cause of an error that says no more than that opening failed. */
const causeOf = (thrown: unknown): unknown =>
  thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown

const openFailure =
  (directory: string) =>
  (thrown: unknown): OpenError => {
    const cause = causeOf(thrown)
    if (codeOf(cause) === "LEVEL_LOCKED") return new StorageLocked({ directory })
    if (isCorruption(cause)) return new CorruptStore({ directory, reason: reasonOf(cause) })
    if (IS_GONE.test(reasonOf(cause))) return new CorruptStore({ directory, reason: "its database files are gone" })
    return unavailable("open the store")(cause)
  }

/** Whether a process, maybe this one, has the database open. Touches nothing of it. */
export const isLocked = (directory: string): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    // With these options LevelDB takes the lock, looks whether there is a database, and is content with neither answer.
    const database = new ClassicLevel(directory, { createIfMissing: false, errorIfExists: true })
    const refusal: unknown = await database.open().catch(causeOf)
    return codeOf(refusal) === "LEVEL_LOCKED"
  })

/** A database that is open within the scope. Only `create` lets an absent one be made. */
export const open = (
  directory: string,
  create: boolean,
  options: LevelDatabaseOptions
): Effect.Effect<ClassicLevel, OpenError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const database = new ClassicLevel(directory, {
          createIfMissing: create,
          cacheSize: options.cacheSizeBytes,
          writeBufferSize: options.writeBufferSizeBytes,
          maxOpenFiles: options.maxOpenFiles,
          blockSize: BLOCK_BYTES
        })
        await database.open()
        return database
      },
      catch: openFailure(directory)
    }),
    (database) => Effect.promise(() => database.close())
  )

const LOG_FILE = /^[0-9]+\.log$/

const logFiles = async (directory: string): Promise<ReadonlyArray<string>> =>
  (await FileSystem.readdir(directory)).filter((name) => LOG_FILE.test(name))

/** Room that opening takes, beside that for what is in the logs. */
const OPENING_BYTES = 64 * 1024

/** Fails where there is no room to open a database anew: what is in its logs becomes a table, and goes through a log again. */
export const checkRoom = async ({ location }: ClassicLevel): Promise<void> => {
  const logs = await logFiles(location)
  const stats = await Promise.all(logs.map((name) => FileSystem.stat(Path.join(location, name))))
  const neededBytes = OPENING_BYTES + 2 * stats.reduce((sum, { size }) => sum + size, 0)
  const { bavail, bsize } = await FileSystem.statfs(location)
  if (bavail * bsize < neededBytes) {
    throw new Error(`no space left on device: LevelDB needs ${neededBytes} bytes to start anew`)
  }
}

/** Closes a database that failed, as far as that goes, and opens it anew. */
export const reopen = async (database: ClassicLevel): Promise<void> => {
  await database.close()
  try {
    await database.open({ createIfMissing: false })
  } catch (thrown) {
    throw causeOf(thrown)
  }
}

/** Between these no key is ever written. */
const NOWHERE = ["\u0000", "\u0000\u0000"] as const

/**
 * Makes LevelDB turn everything written so far into synced tables. Compacting a range begins with that, even one that
 * holds nothing; and says nothing of a failure. But only once its records are in a table does LevelDB remove a log.
 */
export const flush = async (database: ClassicLevel): Promise<void> => {
  const before = await logFiles(database.location)
  await database.compactRange(...NOWHERE)
  const after = await logFiles(database.location)
  if (before.some((name) => after.includes(name))) throw new Error("LevelDB could not write a table")
}
