import * as zlib from "node:zlib"
import { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { CorruptStore, type OpenError, StorageLocked } from "../../schemas/Errors.ts"
import type { StorageKey } from "../../services/RawStorage.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import { crc32 } from "../../src/storage/Crc32.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

/** The checksum of envelopes: zlib's where the platform has it. */
export const checksum: Envelope.Checksum = typeof zlib.crc32 === "function" ? zlib.crc32 : crc32

/** What LevelDB is told, apart from the directory. */
export interface LevelDatabaseOptions {
  readonly cacheSizeBytes: number
  readonly writeBufferSizeBytes: number
  readonly maxOpenFiles: number
}

interface LevelPut {
  readonly type: "put"
  readonly key: string
  readonly value: string
}

/** One change in a LevelDB batch: encoded keys, values in their envelopes. */
export type LevelOperation = LevelPut | { readonly type: "del"; readonly key: string }

/** The change that puts a record. */
export const putOperation = (key: StorageKey, value: string): LevelPut => {
  const encodedKey = StorageKeyCodec.encode(key)
  return { type: "put", key: encodedKey, value: Envelope.seal(encodedKey, value, checksum) }
}

/** Writes changes and the number of their batch, all or nothing, and waits until they are on disk. */
export const commitBatch = async (
  database: ClassicLevel,
  changes: ReadonlyArray<LevelOperation>,
  sequence: number
): Promise<void> => {
  // A chained batch takes a third of the time of an array on this side: 30 in place of 90 microseconds for ten records.
  const batch = database.batch()
  for (const change of changes) {
    if (change.type === "put") batch.put(change.key, change.value)
    else batch.del(change.key)
  }
  const numbered = putOperation(BatchSequence.slotOf(sequence), BatchSequence.slotValue(sequence))
  batch.put(numbered.key, numbered.value)
  return batch.write({ sync: true })
}

/** The bounds of an interval, for an iterator. */
export const bounds = ({ highest, lowest }: StorageKeyCodec.KeyInterval) => ({ gte: lowest, lte: highest })

/** Whether LevelDB says that something it stored is damaged. */
export const isCorruption = (cause: unknown): boolean => codeOf(cause) === "LEVEL_CORRUPTION"

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined)

const IS_GONE = /does not exist \(create_if_missing is false\)/

const openFailure =
  (directory: string) =>
  (thrown: unknown): OpenError => {
    // At open, what LevelDB says is the cause of an error that says no more than that opening failed.
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown
    if (codeOf(cause) === "LEVEL_LOCKED") return new StorageLocked({ directory })
    if (isCorruption(cause)) return new CorruptStore({ directory, reason: reasonOf(cause) })
    if (IS_GONE.test(reasonOf(cause))) return new CorruptStore({ directory, reason: "its database files are gone" })
    return unavailable("open the store")(cause)
  }

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
          maxOpenFiles: options.maxOpenFiles
        })
        await database.open()
        return database
      },
      catch: openFailure(directory)
    }),
    (database) => Effect.promise(() => database.close())
  )
