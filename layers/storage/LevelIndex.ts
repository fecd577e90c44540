/** A LevelDB database as the index behind a journal. */
import type { ClassicLevel } from "classic-level"
import type { StorageKey } from "../../services/RawStorage.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as Checksum from "./Checksum.ts"
import type { JournalIndex } from "./journal/JournalIndex.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import * as ManifestEnd from "./leveldb/ManifestEnd.ts"

const seal = (encodedKey: string, value: string): string => Envelope.seal(encodedKey, value, Checksum.ofText)

/** The text of a key, and that of a value in its envelope. */
const sealed = (key: StorageKey, value: string): readonly [encodedKey: string, text: string] => {
  const encodedKey = StorageKeyCodec.encode(key)
  return [encodedKey, seal(encodedKey, value)]
}

const sealedCheckpoint = (checkpoint: StoreRecords.Checkpoint) =>
  sealed(StoreRecords.CHECKPOINT_KEY, StoreRecords.checkpointValue(checkpoint))

/** Makes an empty database a store, durably. */
export const create = (database: ClassicLevel, checkpoint: StoreRecords.Checkpoint): Promise<void> => {
  const batch = database.batch()
  batch.put(...sealed(StoreRecords.FORMAT_KEY, StoreRecords.formatValue))
  batch.put(...sealedCheckpoint(checkpoint))
  return batch.write({ sync: true })
}

/** The index that an open database is. */
export const make = (database: ClassicLevel): JournalIndex => {
  const keepManifestEnd = ManifestEnd.keeper(database.location)
  return {
    begin: () => {
      const batch = database.batch()
      return {
        add: (operations: ReadonlyArray<JournalOperation>) => {
          for (const { key, value } of operations) {
            if (value === undefined) batch.del(key)
            else batch.put(key, seal(key, value))
          }
        },
        commit: (run: BatchSequence.BatchRun) => {
          batch.put(...sealed(BatchSequence.slotOf(run), BatchSequence.slotValue(run)))
          return batch.write()
        },
        discard: () => batch.close()
      }
    },
    flush: async () => {
      await LevelDatabase.flush(database)
      // LevelDB syncs its tables, and the directory only when it begins a manifest.
      await keepManifestEnd()
    },
    checkRoom: () => LevelDatabase.checkRoom(database),
    reopen: () => LevelDatabase.reopen(database),
    setCheckpoint: (checkpoint) => database.put(...sealedCheckpoint(checkpoint), { sync: true })
  }
}
