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
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as Checksum from "./Checksum.ts"
import * as DurableDirectory from "./DurableDirectory.ts"
import * as GroupCommit from "./GroupCommit.ts"
import type { IndexerOptions } from "./journal/Indexer.ts"
import { Journal, type JournalPlace } from "./journal/Journal.ts"
import { JournalFiles } from "./journal/JournalFiles.ts"
import { UndecidedFrame } from "./journal/Segment.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import * as LevelIndex from "./LevelIndex.ts"
import * as LevelRecovery from "./LevelRecovery.ts"
import * as DatabaseCheck from "./leveldb/DatabaseCheck.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

/** Where a store is, and how much of the machine it may use. */
export interface LevelStorageOptions {
  /** Created where it is absent. */
  readonly directory: string
  /** Uncompressed table content kept in memory. */
  readonly cacheSizeBytes?: number
  /** Each of the two files of the journal, which a single larger batch may exceed. */
  readonly journalSegmentBytes?: number
  /** What LevelDB holds in memory before it becomes a table by itself. */
  readonly writeBufferSizeBytes?: number
  /** Files open at once. */
  readonly maxOpenFiles?: number
  /** How much one step of a range read brings into memory. */
  readonly rangeStepBytes?: number
  /** Writes of concurrent callers are put into one batch up to this many records. */
  readonly maxGroupRecords?: number
  /**
   * Whether every table is read and compared with its checksums before the store is opened, at about 2 ms per megabyte. Without that
   * opening takes no longer the larger a store is, and a bit that flipped in a table may hide a record, or bring back an older one.
   */
  readonly checkTables?: boolean
  /** Callers that may wait for a write; further ones fail with `StorageUnavailable`. */
  readonly maxWaitingWrites?: number
}

/** What {@link layer} uses where an option is not given. */
export const defaultOptions: Required<Omit<LevelStorageOptions, "directory">> = {
  cacheSizeBytes: 8 * MEBIBYTE,
  checkTables: true,
  journalSegmentBytes: 4 * MEBIBYTE,
  // More than both files of the journal: tables are written when the journal wants it.
  writeBufferSizeBytes: 10 * MEBIBYTE,
  maxOpenFiles: 1000,
  rangeStepBytes: 256 * KIBIBYTE,
  maxGroupRecords: 4096,
  maxWaitingWrites: 16_384
}

/** A group of writes is no longer than this, unless a single write is. */
const MAX_GROUP_CHARACTERS = MEBIBYTE

/** A frame of that many characters fits, whatever they are: each has at most three bytes. */
const FRAME_BUFFER_BYTES = 4 * MEBIBYTE

/** The ring of batch numbers covers so many segments: the one before the last checkpoint, and the two that may follow. */
const RING_SEGMENTS = 4

const INDEXING: IndexerOptions = {
  lingerMillis: 10,
  stepOperations: 128,
  firstRetryMillis: 50,
  lastRetryMillis: 5_000
}

/** The value in an envelope. Throws a CorruptRecord. */
const openValue = (encodedKey: string, text: string): string => {
  const opened = Envelope.open(encodedKey, text, Checksum.ofText)
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

const readValue = (database: ClassicLevel, encodedKey: string): string | undefined => {
  const text = database.getSync(encodedKey)
  return text === undefined ? undefined : openValue(encodedKey, text)
}

/** Waits until the database holds what it should. */
const waitFor = (wait: () => Promise<void>): Effect.Effect<void, StorageError> =>
  Effect.tryPromise({ try: wait, catch: unavailable("read") })

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

const operationOf = (write: StorageWrite): JournalOperation => {
  StoreRecords.assertNotOwn(write.key)
  return { key: StorageKeyCodec.encode(write.key), value: write.type === "put" ? write.value : undefined }
}

const sizeOf = ({ key, value }: JournalOperation): number => key.length + (value?.length ?? 0)

const openJournal = (place: JournalPlace, options: Required<LevelStorageOptions>) =>
  new Journal(place, {
    ...INDEXING,
    bufferBytes: FRAME_BUFFER_BYTES,
    segment: { maxFrames: BatchSequence.RING_SIZE / RING_SEGMENTS, sizeBytes: options.journalSegmentBytes }
  })

/** Lets accepted writes finish, and brings all of them into the database. */
const close = Effect.fnUntraced(function* (
  { directory, checkpoint }: JournalPlace,
  journal: Journal,
  commits: GroupCommit.GroupCommit<JournalOperation>
) {
  const last = yield* commits.close
  yield* Effect.tryPromise({ try: () => journal.close(), catch: unavailable("close the journal") })
  if (last > checkpoint.sequence) yield* LastSequenceFile.write(directory, last, Checksum.ofText)
})

const make = Effect.fn("LevelStorage.open")(function* (
  given: LevelStorageOptions
): Effect.fn.Return<RawStorageService, OpenError, Scope.Scope> {
  const options = { ...defaultOptions, ...given }
  const { directory } = options
  yield* DurableDirectory.ensure(directory)
  const atLeast = yield* LastSequenceFile.read(directory, Checksum.ofText)
  yield* DatabaseCheck.check(directory, options.checkTables)
  // Where a store was once, an empty one in its place would hide that it is gone.
  const database = yield* LevelDatabase.open(directory, atLeast === undefined, options)
  const files = yield* JournalFiles
  const index = LevelIndex.make(database)
  const checkpoint = yield* LevelRecovery.recover({ database, directory, files, index }, atLeast)
  const place: JournalPlace = { checkpoint, directory, files, index }
  const journal = openJournal(place, options)
  const commits = GroupCommit.make<JournalOperation>({
    commit: (operations, sequence) => journal.append(operations, sequence),
    isUndone: (cause) => !(cause instanceof UndecidedFrame),
    last: checkpoint.sequence,
    maxGroupOperations: options.maxGroupRecords,
    maxGroupSize: MAX_GROUP_CHARACTERS,
    maxWaitingWrites: options.maxWaitingWrites,
    sizeOf
  })
  yield* Effect.addFinalizer(() =>
    Effect.catchAll(close(place, journal, commits), (error) =>
      // Nothing is lost: the journal stays, and is brought in when the store is opened again.
      Effect.logWarning(`${directory} is not closed cleanly`, error)
    )
  )

  const { indexer } = journal
  /** A read of the database, once that may be read. */
  const whenReadable = <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
    indexer.isReadable
      ? read
      : Effect.zipRight(
          waitFor(() => indexer.readable()),
          read
        )
  const getValue = (encodedKey: string): string | undefined => {
    const unindexed = indexer.get(encodedKey)
    return unindexed === undefined ? readValue(database, encodedKey) : unindexed.value
  }
  const get = (encodedKey: string) =>
    Effect.try({
      try: () => getValue(encodedKey),
      catch: (cause) => readFailure(StorageKeyCodec.describeEncoded(encodedKey), cause)
    })

  return {
    // Without spans, and synchronous: warm reads are made of these.
    get: (key) =>
      Effect.suspend(() => {
        const encodedKey = StorageKeyCodec.encode(key)
        const unindexed = indexer.get(encodedKey)
        return unindexed === undefined ? whenReadable(get(encodedKey)) : Effect.succeed(unindexed.value)
      }),
    getMany: (keys) =>
      Effect.suspend(() => {
        const encodedKeys = keys.map(StorageKeyCodec.encode)
        return whenReadable(
          Effect.try({
            try: () => encodedKeys.map(getValue),
            catch: (cause) => readFailure(JSON.stringify(keys), cause)
          })
        )
      }),
    range: Effect.fn("LevelStorage.range")((range) => {
      const interval = LevelDatabase.bounds(StorageKeyCodec.rangeInterval(range))
      const { limit, reverse = false } = range
      return Effect.zipRight(
        waitFor(() => indexer.settled()),
        Effect.tryPromise({
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
      )
    }),
    blocks: Effect.fn("LevelStorage.blocks")((space, { after, limit }) => {
      const interval = StorageKeyCodec.spaceInterval(space, after)
      return Effect.zipRight(
        waitFor(() => indexer.settled()),
        Effect.tryPromise({
          try: () => readBlocks(database, space, interval, limit),
          catch: (cause) => readFailure(JSON.stringify([space]), cause)
        })
      )
    }),
    // Without a span, too: it would cost as much as sealing the batch.
    write: (batch) => (batch.length === 0 ? Effect.void : Effect.suspend(() => commits.write(batch.map(operationOf))))
  }
})

/** Storage in a directory, open as long as the scope. */
export const layer = (options: LevelStorageOptions): Layer.Layer<RawStorage, OpenError> =>
  Layer.scoped(RawStorage, make(options))
