import * as Effect from "effect/Effect"
import * as StoreRecords from "../../../src/storage/StoreRecords.ts"
import type { JournalIndex } from "../journal/JournalIndex.ts"
import type { RecoverableIndex } from "../journal/StoreRecovery.ts"
import { unavailable } from "../StorageFailure.ts"
import * as BegunFile from "./BegunFile.ts"
import { LOCK_FOLDER } from "./DirectoryLock.ts"
import * as FilesIndex from "./FilesIndex.ts"
import * as RecordNames from "./RecordNames.ts"
import { type StoreFiles, TEMPORARY_FOLDER } from "./StoreFiles.ts"

/** What is in the directory of a store whose making was cut short, or not yet begun. */
const BEFORE_A_STORE: ReadonlySet<string | undefined> = new Set([
  LOCK_FOLDER,
  TEMPORARY_FOLDER,
  RecordNames.FILE_NAME,
  FilesIndex.OWN_FILES.get(StoreRecords.CHECKPOINT_KEY)
])

/** What is to be known of the files of a directory before they are the index of a store. */
export const make = (
  directory: string,
  files: StoreFiles,
  names: RecordNames.RecordNames,
  progress: FilesIndex.Progress,
  index: JournalIndex
): RecoverableIndex => ({
  // Single files do not tell which batches they are of.
  account: Effect.map(BegunFile.read(files, directory), (begun) => {
    // A step that takes up earlier batches again must not lower it.
    progress.begun = begun
    return { begun, runs: [] }
  }),
  create: (checkpoint) => Effect.runPromise(FilesIndex.create(files, checkpoint)),
  index,
  isEmpty: Effect.mapBoth(files.list(""), {
    onFailure: unavailable("open the store"),
    onSuccess: (names) => names.every((name) => BEFORE_A_STORE.has(name))
  }),
  load: ({ sequence }) =>
    Effect.map(RecordNames.load(files, directory, sequence), (paths) => {
      for (const path of paths) names.add(path)
      progress.synced = sequence
    }),
  readOwn: (key) => Effect.mapError(files.read(FilesIndex.OWN_FILES.get(key)!), unavailable("open the store"))
})
