import * as Effect from "effect/Effect"
import * as StoreRecords from "../../../src/storage/StoreRecords.ts"
import type { JournalIndex } from "../journal/JournalIndex.ts"
import type { RecoverableIndex } from "../journal/StoreRecovery.ts"
import { unavailable } from "../StorageFailure.ts"
import { LOCK_FOLDER } from "./DirectoryLock.ts"
import * as FilesIndex from "./FilesIndex.ts"
import { type StoreFiles, TEMPORARY_FOLDER } from "./StoreFiles.ts"

/** What is in the directory of a store whose making was cut short, or not yet begun. */
const BEFORE_A_STORE: ReadonlySet<string | undefined> = new Set([
  LOCK_FOLDER,
  TEMPORARY_FOLDER,
  FilesIndex.OWN_FILES.get(StoreRecords.CHECKPOINT_KEY)
])

/** What is to be known of the files of a directory before they are the index of a store. */
export const make = (files: StoreFiles, index: JournalIndex): RecoverableIndex => ({
  create: (checkpoint) => Effect.runPromise(FilesIndex.create(files, checkpoint)),
  index,
  isEmpty: Effect.mapBoth(files.list(""), {
    onFailure: unavailable("open the store"),
    onSuccess: (names) => names.every((name) => BEFORE_A_STORE.has(name))
  }),
  readOwn: (key) => Effect.mapError(files.read(FilesIndex.OWN_FILES.get(key)!), unavailable("open the store")),
  // Single files say nothing of batches.
  runs: Effect.succeed([])
})
