import type { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CorruptStore, type OpenError, type StorageUnavailable } from "../../schemas/Errors.ts"
import type { StorageKey } from "../../services/RawStorage.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as Checksum from "./Checksum.ts"
import type { JournalFilesService } from "./journal/JournalFiles.ts"
import type { JournalIndex } from "./journal/JournalIndex.ts"
import * as JournalReplay from "./journal/JournalReplay.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import { bounds, isCorruption } from "./LevelDatabase.ts"
import * as LevelIndex from "./LevelIndex.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

type Entry = readonly [encodedKey: string, text: string]

/** Runs what reads the database while it is being opened. */
const reading = <A>(directory: string, read: () => Promise<A>): Effect.Effect<A, OpenError> =>
  Effect.tryPromise({
    try: read,
    catch: (cause) =>
      isCorruption(cause)
        ? new CorruptStore({ directory, reason: reasonOf(cause) })
        : unavailable("open the store")(cause)
  })

const trusted = <A>(directory: string, result: Either.Either<A, string>): Effect.Effect<A, CorruptStore> =>
  Either.mapLeft(result, (reason) => new CorruptStore({ directory, reason }))

const valueOf = ([encodedKey, text]: Entry): Either.Either<string, string> => {
  const opened = Envelope.open(encodedKey, text, Checksum.ofText)
  if ("value" in opened) return Either.right(opened.value)
  return Either.left(`record ${StorageKeyCodec.describeEncoded(encodedKey)}: ${opened.corrupt}`)
}

const readOwn = async (database: ClassicLevel, key: StorageKey): Promise<Entry | undefined> => {
  const encodedKey = StorageKeyCodec.encode(key)
  const text = await database.get(encodedKey)
  return text === undefined ? undefined : [encodedKey, text]
}

const runOf = (entry: Entry): Either.Either<BatchSequence.BatchRun, string> =>
  Either.flatMap(valueOf(entry), (value) =>
    Either.fromNullable(
      BatchSequence.readSlot(value),
      () => `record ${StorageKeyCodec.describeEncoded(entry[0])} does not name batches`
    )
  )

const checkFormat = (format: Entry | undefined): Either.Either<void, string> => {
  if (format === undefined) {
    return Either.left("it has no format record: its first batch is lost, or it is not a store of this program")
  }
  return Either.flatMap(valueOf(format), (value) => {
    const refusal = StoreRecords.refusal(value)
    return refusal === undefined ? Either.void : Either.left(refusal)
  })
}

const readCheckpoint = (checkpoint: Entry | undefined): Either.Either<StoreRecords.Checkpoint, string> =>
  checkpoint === undefined
    ? Either.left("it has no checkpoint record")
    : Either.flatMap(valueOf(checkpoint), (value) =>
        Either.fromNullable(StoreRecords.readCheckpoint(value), () => "its checkpoint record cannot be read")
      )

/** The checkpoint of an existing store, or why it cannot be trusted. */
const existing = Effect.fnUntraced(function* (database: ClassicLevel, directory: string) {
  const [format, checkpoint] = yield* reading(directory, () =>
    Promise.all([readOwn(database, StoreRecords.FORMAT_KEY), readOwn(database, StoreRecords.CHECKPOINT_KEY)])
  )
  yield* trusted(directory, checkFormat(format))
  return yield* trusted(directory, readCheckpoint(checkpoint))
})

/** What the index says of the batches that entered it. */
const readRuns = (database: ClassicLevel, directory: string) =>
  Effect.flatMap(
    reading(directory, () => database.iterator(bounds(StorageKeyCodec.rangeInterval(BatchSequence.RING))).all()),
    (slots) => trusted(directory, Either.all(slots.map(runOf)))
  )

/** Writes the file that is missing, if the process may have ended between making the store and that; later it is lost. */
const restoreLastSequence = (
  directory: string,
  { sequence }: StoreRecords.Checkpoint
): Effect.Effect<void, StorageUnavailable | CorruptStore> =>
  sequence === LevelIndex.FIRST_SEQUENCE
    ? LastSequenceFile.write(directory, sequence, Checksum.ofText)
    : Effect.fail(new CorruptStore({ directory, reason: `${LastSequenceFile.FILE_NAME} is missing` }))

/** A store, as it stands open. */
export interface LevelStore {
  readonly database: ClassicLevel
  readonly directory: string
  readonly files: JournalFilesService
  readonly index: JournalIndex
}

/**
 * Checks an open database and brings the journal beside it into it, or makes a new one a store; gives the checkpoint, behind
 * which there is nothing then. `atLeast` is a batch number that was durable, undefined where no store is known to have
 * been here.
 */
export const recover = Effect.fn("LevelRecovery.recover")(function* (
  { database, directory, files, index }: LevelStore,
  atLeast: number | undefined
): Effect.fn.Return<StoreRecords.Checkpoint, OpenError> {
  const isNew =
    atLeast === undefined && (yield* reading(directory, () => database.keys({ limit: 1 }).all())).length === 0
  if (isNew) {
    const checkpoint = yield* Effect.tryPromise({
      try: () => LevelIndex.create(database),
      catch: unavailable("create the store")
    })
    yield* LastSequenceFile.write(directory, checkpoint.sequence, Checksum.ofText)
    return checkpoint
  }
  const checkpoint = yield* existing(database, directory)
  if (atLeast === undefined) yield* restoreLastSequence(directory, checkpoint)
  const recovered = yield* JournalReplay.replay({
    checkpoint,
    directory,
    files,
    index,
    runs: readRuns(database, directory)
  })
  const missing = BatchSequence.missing({ first: recovered.sequence + 1, last: atLeast ?? 0 }, [])
  if (missing === undefined) return recovered
  return yield* new CorruptStore({ directory, reason: BatchSequence.describeMissing(missing) })
})
