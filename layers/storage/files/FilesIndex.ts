/** Files, one for each record, as the index behind a journal. */
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import type { StorageKey } from "../../../services/RawStorage.ts"
import * as Envelope from "../../../src/storage/Envelope.ts"
import type { JournalOperation } from "../../../src/storage/JournalFrame.ts"
import * as RecordPath from "../../../src/storage/RecordPath.ts"
import * as StorageKeyCodec from "../../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../../src/storage/StoreRecords.ts"
import * as Checksum from "../Checksum.ts"
import type { JournalIndex } from "../journal/JournalIndex.ts"
import { latestOperations } from "../journal/Unindexed.ts"
import * as BegunFile from "./BegunFile.ts"
import * as RecordNames from "./RecordNames.ts"
import type { StoreFiles } from "./StoreFiles.ts"
import type { Turns } from "./Turns.ts"

/** Files that are written, or removed, at a time. */
const CONCURRENT_WRITES = 4
/** Files that are synced at a time: fewer than Node has threads for, so that the journal gets its turn. */
const CONCURRENT_SYNCS = 3

/** Where the records stand that a store keeps about itself. */
export const OWN_FILES: ReadonlyMap<StorageKey, string> = new Map([
  [StoreRecords.FORMAT_KEY, "format.json"],
  [StoreRecords.CHECKPOINT_KEY, "checkpoint.json"]
])

const seal = (encodedKey: string, value: string): string => Envelope.seal(encodedKey, value, Checksum.ofText)

const writeOwn = (files: StoreFiles, key: StorageKey, value: string) =>
  files.replaceDurably(OWN_FILES.get(key)!, seal(StorageKeyCodec.encode(key), value))

const writeCheckpoint = (files: StoreFiles, checkpoint: StoreRecords.Checkpoint) =>
  writeOwn(files, StoreRecords.CHECKPOINT_KEY, StoreRecords.checkpointValue(checkpoint))

/** Makes an empty directory that of a store, durably. */
export const create = (files: StoreFiles, checkpoint: StoreRecords.Checkpoint): Effect.Effect<void, PlatformError> =>
  RecordNames.save(files, new RecordNames.RecordNames(), checkpoint.sequence).pipe(
    Effect.zipRight(writeCheckpoint(files, checkpoint)),
    // The format comes last: where it stands, all of it does.
    Effect.zipRight(writeOwn(files, StoreRecords.FORMAT_KEY, StoreRecords.formatValue))
  )

/** The path of the record with an encoded key. */
export const pathOf = (encodedKey: string): string => RecordPath.encode(StorageKeyCodec.decode(encodedKey)!)

/** Files and folders that were changed, and not synced since. */
class Unsynced {
  readonly files = new Set<string>()
  readonly folders = new Set<string>()

  /** Any of the folders above a file may be new, too. */
  add(path: string): void {
    this.files.add(path)
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      this.folders.add(path.slice(0, end))
    }
    this.folders.add("")
  }
}

/** The last batches of which anything may be in the files, that are in them, and that are there durably. */
export class Progress {
  begun = 0
  applied = 0
  synced = 0
}

/**
 * The index that the files of a store are, which have come so far. Its steps take turns with those who read several files.
 */
export const make = (
  files: StoreFiles,
  names: RecordNames.RecordNames,
  turns: Turns,
  progress: Progress
): JournalIndex => {
  let unsynced = new Unsynced()

  const begin = (last: number) =>
    last <= progress.begun
      ? Effect.void
      : Effect.tap(BegunFile.write(files, last), () => {
          progress.begun = last
        })

  const apply = ({ key, value }: JournalOperation) => {
    const path = pathOf(key)
    unsynced.add(path)
    return value === undefined
      ? Effect.tap(files.remove(path), () => names.delete(path))
      : Effect.tap(files.replace(path, seal(key, value)), () => names.add(path))
  }

  const flush = Effect.suspend(() => {
    const changed = unsynced
    const last = progress.applied
    // Where this fails, all since the checkpoint is written once more.
    unsynced = new Unsynced()
    const all = (paths: Iterable<string>) =>
      Effect.forEach(paths, files.sync, { concurrency: CONCURRENT_SYNCS, discard: true })
    return all(changed.files).pipe(
      Effect.zipRight(all(changed.folders)),
      // What a later step has changed meanwhile will be applied again, in whichever state it is found.
      Effect.zipRight(last > progress.synced ? RecordNames.save(files, names, last) : Effect.void),
      Effect.zipRight(
        Effect.sync(() => {
          progress.synced = Math.max(progress.synced, last)
        })
      )
    )
  })

  // Nothing syncs files but a flush, whereas a synced record of LevelDB takes with it what was written before.
  const setCheckpoint = (checkpoint: StoreRecords.Checkpoint) =>
    Effect.suspend(() =>
      Effect.zipRight(checkpoint.sequence > progress.synced ? flush : Effect.void, writeCheckpoint(files, checkpoint))
    )

  return {
    begin: () => {
      const batches: Array<{ readonly operations: ReadonlyArray<JournalOperation> }> = []
      return {
        add: (operations) => batches.push({ operations }),
        commit: async ({ last }) => {
          const write = Effect.forEach(latestOperations(batches), apply, {
            concurrency: CONCURRENT_WRITES,
            discard: true
          })
          await Effect.runPromise(Effect.zipRight(begin(last), turns.alone(write)))
          progress.applied = Math.max(progress.applied, last)
        },
        discard: () => Promise.resolve()
      }
    },
    flush: () => Effect.runPromise(flush),
    reopen: () => Effect.runPromise(files.tidy),
    staysReadable: true,
    setCheckpoint: (checkpoint) => Effect.runPromise(setCheckpoint(checkpoint))
  }
}
