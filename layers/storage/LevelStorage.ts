/**
 * Storage in a LevelDB directory, through `classic-level`: the default on disk. Beside what the port promises:
 *
 * - one process, and one layer in it, per directory;
 * - a batch is durable once it is in the journal beside the database, which takes one write to the disk; the database takes
 *   it in afterwards, and is never relied on for what it has not synced;
 * - every value lies in an envelope with a checksum over key and value, compared at each read;
 * - batches are numbered: after an unclean end the journal, or else the database, must have every one of them;
 * - what several fibers write at the same time goes to disk as one batch.
 *
 * A write that failed is undone, and the store goes on. Where it could not be undone either, it says that it `mayHaveLanded`, and
 * the store takes no more until it is opened again; whether it did shows then. A database that fails, as on a full disk, is opened anew and given
 * back what it lost; meanwhile batches are taken and read as long as the journal has room.
 *
 * Before it is opened all of the database's files are compared with their checksums (`DatabaseCheck`): LevelDB itself would not.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { OpenError } from "../../schemas/Errors.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import * as JournaledStorage from "./JournaledStorage.ts"
import type { IndexerOptions } from "./journal/Indexer.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import * as LevelReader from "./LevelReader.ts"
import * as LevelRecovery from "./LevelRecovery.ts"
import * as DatabaseCheck from "./leveldb/DatabaseCheck.ts"
import * as StoreKind from "./StoreKind.ts"

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

/** Where a store is, and how much of the machine it may use. */
export interface LevelStorageOptions extends JournaledStorage.JournaledStorageOptions {
  /** Uncompressed table content kept in memory. */
  readonly cacheSizeBytes?: number
  /** What LevelDB holds in memory before it becomes a table by itself. */
  readonly writeBufferSizeBytes?: number
  /** Files open at once. */
  readonly maxOpenFiles?: number
  /** How much one step of a range read brings into memory. */
  readonly rangeStepBytes?: number
  /**
   * Whether every table is read and compared with its checksums before the store is opened, at about 2 ms per megabyte. Without that
   * opening takes no longer the larger a store is, and a bit that flipped in a table may hide a record, or bring back an older one.
   */
  readonly checkTables?: boolean
}

/** What {@link layer} uses where an option is not given. */
export const defaultOptions: Required<Omit<LevelStorageOptions, "directory">> = {
  ...JournaledStorage.defaultOptions,
  cacheSizeBytes: 8 * MEBIBYTE,
  checkTables: true,
  // More than both files of the journal: tables are written when the journal wants it.
  writeBufferSizeBytes: 10 * MEBIBYTE,
  maxOpenFiles: 1000,
  rangeStepBytes: 256 * KIBIBYTE
}

const INDEXING: IndexerOptions = {
  lingerMillis: 10,
  stepOperations: 128,
  firstRetryMillis: 50,
  lastRetryMillis: 5_000
}

/** Storage in a directory, open as long as the scope. */
export const layer = (given: LevelStorageOptions): Layer.Layer<RawStorage, OpenError> => {
  const options = { ...defaultOptions, ...given }
  return Layer.scoped(
    RawStorage,
    JournaledStorage.open(options, {
      indexing: INDEXING,
      open: (directory, create) =>
        StoreKind.expect(StoreKind.LEVEL, directory).pipe(
          Effect.zipRight(DatabaseCheck.check(directory, options.checkTables)),
          Effect.zipRight(LevelDatabase.open(directory, create, options)),
          Effect.map((database) => ({
            reader: LevelReader.make(database, options.rangeStepBytes),
            store: LevelRecovery.make(database, directory)
          }))
        )
    })
  )
}
