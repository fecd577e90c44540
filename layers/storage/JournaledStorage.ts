/**
 * Storage with a journal in front of an index. A batch is durable once it is in the journal, which takes one write to the
 * disk; the index takes it in afterwards, and is never relied on for what it has not synced. What several fibers write at
 * the same time goes to disk as one batch. What the index has not taken in yet is read from memory.
 */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { CorruptRecord, type OpenError, type StorageError, StorageUnavailable } from "../../schemas/Errors.ts"
import type { RawStorageService, Space, StorageWrite } from "../../services/RawStorage.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as Checksum from "./Checksum.ts"
import * as DurableDirectory from "./DurableDirectory.ts"
import * as GroupCommit from "./GroupCommit.ts"
import type { IndexerOptions } from "./journal/Indexer.ts"
import { Journal, type JournalOptions, type JournalPlace } from "./journal/Journal.ts"
import { JournalFiles } from "./journal/JournalFiles.ts"
import { UndecidedFrame } from "./journal/Segment.ts"
import * as StoreRecovery from "./journal/StoreRecovery.ts"
import type { SpaceChanges } from "./journal/Unindexed.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import { unavailable } from "./StorageFailure.ts"

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE

/** Where a store is, and how much of the machine its journal may use. */
export interface JournaledStorageOptions {
  /** Created where it is absent. */
  readonly directory: string
  /** Each of the two files of the journal, which a single larger batch may exceed. What a killed process left keeps its length. */
  readonly journalSegmentBytes?: number
  /** Writes of concurrent callers are put into one batch up to this many records. */
  readonly maxGroupRecords?: number
  /** Callers that may wait for a write; further ones fail with `StorageUnavailable`. */
  readonly maxWaitingWrites?: number
}

/** What is used where an option is not given. */
export const defaultOptions: Required<Omit<JournaledStorageOptions, "directory">> = {
  journalSegmentBytes: 4 * MEBIBYTE,
  maxGroupRecords: 4096,
  maxWaitingWrites: 16_384
}

/** A group of writes is no longer than this, unless a single write is. */
const MAX_GROUP_CHARACTERS = MEBIBYTE

/** A frame of that many characters fits, whatever they are: each has at most three bytes. */
const FRAME_BUFFER_BYTES = 4 * MEBIBYTE

/** The ring of batch numbers covers so many segments: the one before the last checkpoint, and the two that may follow. */
const RING_SEGMENTS = 4

/** Which blocks of a space are asked for. */
export type BlockPage = Parameters<RawStorageService["blocks"]>[1]

/** Finds what the index has not taken in yet. */
export type Unindexed = (encodedKey: string) => JournalOperation | undefined

/** How records are looked up in an index, by their encoded keys. */
export interface RecordReader {
  /** The value of a key that is not changing. */
  readonly get: (encodedKey: string) => Effect.Effect<string | undefined, StorageError>
  /** The values of several keys at one instant, each from what is not in the index, or else from there. */
  readonly getMany: (
    encodedKeys: ReadonlyArray<string>,
    unindexed: Unindexed
  ) => Effect.Effect<ReadonlyArray<string | undefined>, StorageError>
  /** As the port has it, at one instant, of the index alone. */
  readonly range: RawStorageService["range"]
  /** As the port has it, at one instant, from what is not in the index, and from there. */
  readonly blocks: (
    space: Space,
    page: BlockPage,
    unindexed: () => SpaceChanges
  ) => Effect.Effect<ReadonlyArray<string>, StorageError>
}

/** An index that is open, and what stands in it. */
export interface OpenIndex {
  readonly reader: RecordReader
  readonly store: StoreRecovery.RecoverableIndex
}

/** An index that can stand behind a journal: what makes one kind of storage different from another. */
export interface IndexKind<R> {
  /** Opens the index in the directory of a store. Only `create` lets an absent one be made. */
  readonly open: (directory: string, create: boolean) => Effect.Effect<OpenIndex, OpenError, R | Scope.Scope>
  /** How batches enter it. */
  readonly indexing: IndexerOptions
}

/** The value in an envelope. Throws a CorruptRecord. */
export const openValue = (encodedKey: string, text: string): string => {
  const opened = Envelope.open(encodedKey, text, Checksum.ofText)
  if ("value" in opened) return opened.value
  throw new CorruptRecord({ key: StorageKeyCodec.describeEncoded(encodedKey), reason: opened.corrupt })
}

/** Blocks of a space that come after one, each once, in the order of a page of blocks. */
export const inOrder = (space: Space, blocks: Iterable<string>, after: string | undefined): ReadonlyArray<string> => {
  const { highest, lowest } = StorageKeyCodec.spaceInterval(space, after)
  return Array.from(new Set(blocks), (block) => [StorageKeyCodec.encodeBlock(space, block), block] as const)
    .filter(([encoded]) => lowest <= encoded && encoded <= highest)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, block]) => block)
}

const closed = new StorageUnavailable({ operation: "read", reason: "the store is closed" })

const operationOf = (write: StorageWrite): JournalOperation => {
  StoreRecords.assertNotOwn(write.key)
  return { key: StorageKeyCodec.encode(write.key), value: write.type === "put" ? write.value : undefined }
}

const sizeOf = ({ key, value }: JournalOperation): number => key.length + (value?.length ?? 0)

/** Lets accepted writes finish, and brings all of them into the index. `known` is the batch number that is kept beside the store. */
const close = Effect.fnUntraced(function* (
  directory: string,
  known: number | undefined,
  journal: Journal,
  commits: GroupCommit.GroupCommit<JournalOperation>
) {
  const last = yield* commits.close
  yield* Effect.tryPromise({ try: () => journal.close(), catch: unavailable("close the journal") })
  if (last > (known ?? 0)) yield* LastSequenceFile.write(directory, last, Checksum.ofText)
})

/** The storage that reads an index and what stands before it, and writes to the journal. */
const serviceOf = (
  reader: RecordReader,
  { indexer }: Journal,
  commits: GroupCommit.GroupCommit<JournalOperation>,
  isOpen: () => boolean
): RawStorageService => {
  const unindexed: Unindexed = (encodedKey) => indexer.get(encodedKey)
  const after =
    (wait: () => Promise<void>) =>
    <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> =>
      Effect.zipRight(Effect.tryPromise({ try: wait, catch: unavailable("read") }), read)
  const afterRepair = after(() => indexer.readable())
  const whenSettled = after(() => indexer.settled())
  /** A read of the index, once that may be read. */
  const whenReadable = <A>(read: Effect.Effect<A, StorageError>): Effect.Effect<A, StorageError> => {
    if (!isOpen()) return Effect.fail(closed)
    return indexer.isReadable ? read : afterRepair(read)
  }

  return {
    // Without spans, and synchronous where the index is: warm reads are made of these.
    get: (key) =>
      Effect.suspend(() => {
        const encodedKey = StorageKeyCodec.encode(key)
        const operation = unindexed(encodedKey)
        return operation === undefined ? whenReadable(reader.get(encodedKey)) : Effect.succeed(operation.value)
      }),
    getMany: (keys) => Effect.suspend(() => whenReadable(reader.getMany(keys.map(StorageKeyCodec.encode), unindexed))),
    // What the index lacks elsewhere is none of its business: a store that was just opened may lack much.
    range: (range) => {
      const read = Effect.suspend(() => whenReadable(reader.range(range)))
      return Effect.suspend(() => (indexer.lacks(range) ? whenSettled(read) : read))
    },
    blocks: (space, page) =>
      Effect.suspend(() => whenReadable(reader.blocks(space, page, () => indexer.changesOf(space)))),
    // Without a span, too: it would cost as much as sealing the batch.
    write: (batch) => (batch.length === 0 ? Effect.void : Effect.suspend(() => commits.write(batch.map(operationOf))))
  }
}

/** Writes of callers as batches of a journal, after its last one. */
const commitsTo = (journal: Journal, last: number, options: typeof defaultOptions) =>
  GroupCommit.make<JournalOperation>({
    commit: (operations, sequence) => journal.append(operations, sequence),
    isUndone: (cause) => !(cause instanceof UndecidedFrame),
    last,
    maxGroupOperations: options.maxGroupRecords,
    maxGroupSize: MAX_GROUP_CHARACTERS,
    maxWaitingWrites: options.maxWaitingWrites,
    sizeOf
  })

/** Opens a store: checks its index and its journal, and goes on with both. */
export const open = Effect.fn("JournaledStorage.open")(function* <R>(
  given: JournaledStorageOptions,
  kind: IndexKind<R>
): Effect.fn.Return<RawStorageService, OpenError, R | Scope.Scope> {
  const options = { ...defaultOptions, ...given }
  const { directory } = options
  yield* DurableDirectory.ensure(directory)
  const atLeast = yield* LastSequenceFile.read(directory, Checksum.ofText)
  // Where a store was once, an empty one in its place would hide that it is gone.
  const { reader, store } = yield* kind.open(directory, atLeast === undefined)
  const files = yield* JournalFiles
  const { checkpoint, last, remains } = yield* StoreRecovery.recover({ directory, files, store }, atLeast)
  const runFork = Runtime.runFork(yield* Effect.runtime<never>())
  const warn = (message: string) => runFork(Effect.logWarning(`${directory}: ${message}`))
  const place: JournalPlace = { checkpoint, directory, files, index: store.index, warn }
  const journalOptions: JournalOptions = {
    ...kind.indexing,
    bufferBytes: FRAME_BUFFER_BYTES,
    segment: { maxFrames: BatchSequence.RING_SIZE / RING_SEGMENTS, sizeBytes: options.journalSegmentBytes }
  }
  const opened = Effect.tryPromise({
    try: () => Journal.open(place, remains, journalOptions),
    catch: unavailable("open the journal")
  })
  let isOpen = true
  // What a journal holds begins to enter the index at once: it must not be left alone.
  const { commits, journal } = yield* Effect.acquireRelease(
    Effect.map(opened, (journal) => ({ commits: commitsTo(journal, last, options), journal })),
    ({ commits, journal }) => {
      isOpen = false
      return Effect.catchAll(close(directory, atLeast, journal, commits), (error) =>
        // Nothing is lost: the journal stays, and is gone on with when the store is opened again.
        Effect.logWarning(`${directory} is not closed cleanly`, error)
      )
    }
  )
  return serviceOf(reader, journal, commits, () => isOpen)
})
