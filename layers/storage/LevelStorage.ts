/**
 * Storage in a LevelDB directory, through `classic-level`: the default on disk. Beside what the port promises:
 *
 * - one process, and one layer in it, per directory;
 * - every value lies in an envelope with a checksum over key and value, which LevelDB's own reads do not check;
 * - batches are numbered, and their numbers checked at open: LevelDB drops damaged batches of its journal silently;
 * - what several fibers write at the same time goes to disk as one batch with one sync.
 *
 * After a failed write the store takes no more until it is opened again, for what the disk holds is not known; whether
 * the failed batch landed shows then.
 *
 * What it cannot notice: a bit flipped in a table can hide a record, which then reads as absent, or as an older value where
 * that lies in an older table (`classic-level` does not let LevelDB check its own checksums); and, after a crash, the loss
 * of the very last batches of a damaged journal.
 */
import type { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { CorruptRecord, type OpenError, type StorageError } from "../../schemas/Errors.ts"
import {
  RawStorage,
  type RawStorageService,
  type Space,
  type StorageKey,
  type StorageRecord,
  type StorageWrite
} from "../../services/RawStorage.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as DurableDirectory from "./DurableDirectory.ts"
import * as GroupCommit from "./GroupCommit.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import * as LevelRecovery from "./LevelRecovery.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

/** Where a store is, and how much of the machine it may use. */
export interface LevelStorageOptions {
  /** Created where it is absent. */
  readonly directory: string
  /** Uncompressed table content kept in memory. */
  readonly cacheSizeBytes?: number
  /** What is held in memory, and in the journal, before it becomes a table. */
  readonly writeBufferSizeBytes?: number
  /** Files open at once. */
  readonly maxOpenFiles?: number
  /** How much one step of a range read brings into memory. */
  readonly rangeStepBytes?: number
  /** Writes of concurrent callers are put into one batch up to this many records. */
  readonly maxGroupRecords?: number
  /** Callers that may wait for a write; further ones fail with `StorageUnavailable`. */
  readonly maxWaitingWrites?: number
}

/** What {@link layer} uses where an option is not given. */
export const defaultOptions: Required<Omit<LevelStorageOptions, "directory">> = {
  cacheSizeBytes: 8 * MEBIBYTE,
  // The ring of batch numbers is as long as it is for a journal of this size.
  writeBufferSizeBytes: 4 * MEBIBYTE,
  maxOpenFiles: 1000,
  rangeStepBytes: 256 * KIBIBYTE,
  maxGroupRecords: 4096,
  maxWaitingWrites: 16_384
}

/** The value in an envelope. Throws a CorruptRecord. */
const openValue = (encodedKey: string, text: string): string => {
  const opened = Envelope.open(encodedKey, text, LevelDatabase.checksum)
  if ("value" in opened) return opened.value
  throw new CorruptRecord({ key: StorageKeyCodec.describeEncoded(encodedKey), reason: opened.corrupt })
}

const decodeKey = (encodedKey: string): StorageKey => {
  const key = StorageKeyCodec.decode(encodedKey)
  if (key !== undefined) return key
  throw new CorruptRecord({ key: JSON.stringify(encodedKey), reason: "not a key of this program" })
}

const openRecord = ([encodedKey, text]: readonly [string, string]): StorageRecord => ({
  key: decodeKey(encodedKey),
  value: openValue(encodedKey, text)
})

/** Turns what a read of `what` threw into a typed error. */
const readFailure = (what: string, cause: unknown): StorageError => {
  if (cause instanceof CorruptRecord) return cause
  if (LevelDatabase.isCorruption(cause)) return new CorruptRecord({ key: what, reason: reasonOf(cause) })
  return unavailable("read")(cause)
}

const getValue = (database: ClassicLevel, encodedKey: string): string | undefined => {
  const text = database.getSync(encodedKey)
  return text === undefined ? undefined : openValue(encodedKey, text)
}

const readValue = (database: ClassicLevel, encodedKey: string): Effect.Effect<string | undefined, StorageError> =>
  Effect.try({
    try: () => getValue(database, encodedKey),
    catch: (cause) => readFailure(StorageKeyCodec.describeEncoded(encodedKey), cause)
  })

/** The first keys of distinct blocks: after each, the iterator jumps over the rest of the block. */
const readBlocks = async (
  database: ClassicLevel,
  space: Space,
  first: StorageKeyCodec.KeyInterval,
  limit: number
): Promise<ReadonlyArray<string>> => {
  const blocks: Array<string> = []
  const keys = database.keys(LevelDatabase.bounds(first))
  try {
    while (blocks.length < limit) {
      const encodedKey = await keys.next()
      if (encodedKey === undefined) break
      const block = decodeKey(encodedKey)[1]
      blocks.push(block)
      keys.seek(StorageKeyCodec.spaceInterval(space, block).lowest)
    }
  } finally {
    await keys.close()
  }
  return blocks
}

const operationOf = (write: StorageWrite): LevelDatabase.LevelOperation => {
  StoreRecords.assertNotOwn(write.key)
  return write.type === "put"
    ? LevelDatabase.putOperation(write.key, write.value)
    : { type: "del", key: StorageKeyCodec.encode(write.key) }
}

const make = Effect.fn("LevelStorage.open")(function* (
  given: LevelStorageOptions
): Effect.fn.Return<RawStorageService, OpenError, Scope.Scope> {
  const { directory, ...options } = { ...defaultOptions, ...given }
  yield* DurableDirectory.ensure(directory)
  const atLeast = yield* LastSequenceFile.read(directory, LevelDatabase.checksum)
  // Where a store was once, an empty one in its place would hide that it is gone.
  const database = yield* LevelDatabase.open(directory, atLeast === undefined, options)
  const last = yield* LevelRecovery.recover(database, directory, atLeast)
  const commits = yield* Effect.acquireRelease(
    Effect.sync(() =>
      GroupCommit.make<LevelDatabase.LevelOperation>({
        commit: (changes, sequence) => LevelDatabase.commitBatch(database, changes, sequence),
        last,
        maxGroupOperations: options.maxGroupRecords,
        maxWaitingWrites: options.maxWaitingWrites
      })
    ),
    (commits) =>
      commits.close.pipe(
        Effect.flatMap((last) => LastSequenceFile.write(directory, last, LevelDatabase.checksum)),
        // The file of before is still right: it only tells less.
        Effect.catchAll((error) => Effect.logWarning(`${directory} is closed without its last batch number`, error))
      )
  )

  return {
    // Without spans, and synchronous: warm reads are made of these.
    get: (key) => Effect.suspend(() => readValue(database, StorageKeyCodec.encode(key))),
    getMany: (keys) =>
      Effect.try({
        try: () => keys.map((key) => getValue(database, StorageKeyCodec.encode(key))),
        catch: (cause) => readFailure(JSON.stringify(keys), cause)
      }),
    range: Effect.fn("LevelStorage.range")((range) => {
      const interval = LevelDatabase.bounds(StorageKeyCodec.rangeInterval(range))
      const { limit, reverse = false } = range
      return Effect.tryPromise({
        try: async () => {
          const iterator = database.iterator({
            ...interval,
            reverse,
            limit: Math.max(0, limit), // LevelDB takes a negative one for none
            highWaterMarkBytes: options.rangeStepBytes
          })
          return (await iterator.all()).map(openRecord)
        },
        catch: (cause) => readFailure(JSON.stringify(range), cause)
      })
    }),
    blocks: Effect.fn("LevelStorage.blocks")((space, { after, limit }) => {
      const interval = StorageKeyCodec.spaceInterval(space, after)
      return Effect.tryPromise({
        try: () => readBlocks(database, space, interval, limit),
        catch: (cause) => readFailure(JSON.stringify([space]), cause)
      })
    }),
    // Without a span, too: it would cost as much as sealing the batch.
    write: (batch) => (batch.length === 0 ? Effect.void : Effect.suspend(() => commits.write(batch.map(operationOf))))
  }
})

/** Storage in a directory, open as long as the scope. */
export const layer = (options: LevelStorageOptions): Layer.Layer<RawStorage, OpenError> =>
  Layer.scoped(RawStorage, make(options))
