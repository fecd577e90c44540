/**
 * Storage in a directory that can be looked at: each record is a JSON file, a block's in a folder of the block
 * (src/storage/RecordPath.ts). Beside what the port promises:
 *
 * - one process, and one layer in it, per directory;
 * - a batch is durable, and all or nothing, once it is in the journal beside the files, with one write to the disk; the files
 *   follow, within about a second, each replaced as a whole, and are synced before the journal forgets;
 * - every value lies in an envelope with a checksum over key and value, and the names of all files in one of them: one that is
 *   missing is an error, and so is one that was put there;
 * - what several fibers write at the same time goes to disk as one batch.
 *
 * It is for looking into, and for stores of moderate size: a file for each record costs the file system far more than LevelDB
 * does, and a range lists whole folders.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type OpenError, StorageUnavailable } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService } from "../../services/RawStorage.ts"
import * as RecordPath from "../../src/storage/RecordPath.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as DirectoryLock from "./files/DirectoryLock.ts"
import * as FilesIndex from "./files/FilesIndex.ts"
import * as FilesReader from "./files/FilesReader.ts"
import * as FilesRecovery from "./files/FilesRecovery.ts"
import { RecordNames } from "./files/RecordNames.ts"
import * as StoreFiles from "./files/StoreFiles.ts"
import * as Turns from "./files/Turns.ts"
import * as JournaledStorage from "./JournaledStorage.ts"
import type { IndexerOptions } from "./journal/Indexer.ts"
import { unavailable } from "./StorageFailure.ts"
import * as StoreKind from "./StoreKind.ts"

const MEBIBYTE = 1024 * 1024

/** Where a store is, and how much of the machine it may use. */
export interface FilesStorageOptions extends JournaledStorage.JournaledStorageOptions {}

/** What {@link layer} uses where an option is not given. */
export const defaultOptions: Required<Omit<FilesStorageOptions, "directory">> = {
  ...JournaledStorage.defaultOptions,
  // Syncing files is dear: the more batches between two syncs, the fewer times a file that changes often is synced.
  journalSegmentBytes: 8 * MEBIBYTE
}

const INDEXING: IndexerOptions = {
  lingerMillis: 1_000,
  stepOperations: 1_024,
  firstRetryMillis: 50,
  lastRetryMillis: 5_000
}

const openFiles = Effect.fnUntraced(function* (directory: string) {
  yield* StoreKind.expect(StoreKind.FILES, directory)
  yield* DirectoryLock.hold(directory)
  const files = StoreFiles.make(yield* FileSystem.FileSystem, directory)
  yield* Effect.mapError(files.tidy, unavailable("open the store"))
  const [names, turns, progress] = [new RecordNames(), Turns.make(), new FilesIndex.Progress()]
  const index = FilesIndex.make(files, names, turns, progress)
  return {
    reader: FilesReader.make(files, names, turns),
    store: FilesRecovery.make(directory, files, names, progress, index)
  }
})

/** A record whose name no file can have is refused before anything of its batch is written. */
const refusingLongNames = (storage: RawStorageService): RawStorageService => ({
  ...storage,
  write: (batch) =>
    Effect.suspend(() => {
      const tooLong = batch.find(({ key }) => RecordPath.isTooLong(RecordPath.encode(key)))
      if (tooLong === undefined) return storage.write(batch)
      const reason = `${StorageKeyCodec.describe(tooLong.key)} is too long for the name of a file`
      return Effect.fail(new StorageUnavailable({ operation: "write", reason }))
    })
})

/** As {@link layer}, on the `FileSystem` of the context. Its journal is on that of the platform. */
export const layerFileSystem = (
  options: FilesStorageOptions
): Layer.Layer<RawStorage, OpenError, FileSystem.FileSystem> =>
  Layer.scoped(
    RawStorage,
    Effect.map(
      JournaledStorage.open({ ...defaultOptions, ...options }, { indexing: INDEXING, open: openFiles }),
      refusingLongNames
    )
  )

/** Storage in a directory, open as long as the scope. */
export const layer = (options: FilesStorageOptions): Layer.Layer<RawStorage, OpenError> =>
  Layer.provide(layerFileSystem(options), NodeFileSystem.layer)
