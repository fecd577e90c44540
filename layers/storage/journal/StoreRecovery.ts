import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CorruptStore, type OpenError, type StorageUnavailable } from "../../../schemas/Errors.ts"
import type { StorageKey } from "../../../services/RawStorage.ts"
import * as BatchSequence from "../../../src/storage/BatchSequence.ts"
import * as Envelope from "../../../src/storage/Envelope.ts"
import type * as JournalRecovery from "../../../src/storage/JournalRecovery.ts"
import * as StorageKeyCodec from "../../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../../src/storage/StoreRecords.ts"
import * as Checksum from "../Checksum.ts"
import * as LastSequenceFile from "../LastSequenceFile.ts"
import { unavailable } from "../StorageFailure.ts"
import type { JournalFilesService } from "./JournalFiles.ts"
import type { JournalIndex } from "./JournalIndex.ts"
import * as JournalReplay from "./JournalReplay.ts"

/** The index of a store that is being opened. */
export interface RecoverableIndex {
  readonly index: JournalIndex
  /** Whether there is nothing in it. */
  readonly isEmpty: Effect.Effect<boolean, OpenError>
  /** Makes an empty index that of a store, durably. The checkpoint stands in it then. */
  readonly create: (checkpoint: StoreRecords.Checkpoint) => Promise<void>
  /** One of the records that the store keeps about itself, in its envelope. */
  readonly readOwn: (key: StorageKey) => Effect.Effect<string | undefined, OpenError>
  /** Reads, or checks, what else is to be known of an index that has this checkpoint, before the journal is brought into it. */
  readonly load: (checkpoint: StoreRecords.Checkpoint) => Effect.Effect<void, OpenError>
  /** What it says of batches since the checkpoint; asked for only where there is a journal. */
  readonly account: Effect.Effect<JournalRecovery.IndexAccount, OpenError>
}

/** A store, as it stands open. */
export interface OpenStore {
  readonly directory: string
  readonly files: JournalFilesService
  readonly store: RecoverableIndex
}

const FIRST_CHECKPOINT: StoreRecords.Checkpoint = { segments: 0, sequence: 1 }

/** The value of a record of the store itself, or why it cannot be trusted. */
export const ownValue = (encodedKey: string, text: string): Either.Either<string, string> => {
  const opened = Envelope.open(encodedKey, text, Checksum.ofText)
  if ("value" in opened) return Either.right(opened.value)
  return Either.left(`record ${StorageKeyCodec.describeEncoded(encodedKey)}: ${opened.corrupt}`)
}

const checkFormat = (format: string | undefined): Either.Either<void, string> => {
  if (format === undefined) {
    return Either.left("it has no format record: its first batch is lost, or it is not a store of this program")
  }
  return Either.flatMap(ownValue(StorageKeyCodec.encode(StoreRecords.FORMAT_KEY), format), (value) => {
    const refusal = StoreRecords.refusal(value)
    return refusal === undefined ? Either.void : Either.left(refusal)
  })
}

const readCheckpoint = (checkpoint: string | undefined): Either.Either<StoreRecords.Checkpoint, string> =>
  checkpoint === undefined
    ? Either.left("it has no checkpoint record")
    : Either.flatMap(ownValue(StorageKeyCodec.encode(StoreRecords.CHECKPOINT_KEY), checkpoint), (value) =>
        Either.fromNullable(StoreRecords.readCheckpoint(value), () => "its checkpoint record cannot be read")
      )

/** What was read, or the store cannot be trusted. */
export const trusted = <A>(directory: string, result: Either.Either<A, string>): Effect.Effect<A, CorruptStore> =>
  Either.mapLeft(result, (reason) => new CorruptStore({ directory, reason }))

/** The checkpoint of an existing store, or why it cannot be trusted. */
const existing = Effect.fnUntraced(function* ({ directory, store }: OpenStore) {
  yield* trusted(directory, checkFormat(yield* store.readOwn(StoreRecords.FORMAT_KEY)))
  return yield* trusted(directory, readCheckpoint(yield* store.readOwn(StoreRecords.CHECKPOINT_KEY)))
})

/** Writes the file that is missing, if the process may have ended between making the store and that; later it is lost. */
const restoreLastSequence = (
  directory: string,
  { sequence }: StoreRecords.Checkpoint
): Effect.Effect<void, StorageUnavailable | CorruptStore> =>
  sequence === FIRST_CHECKPOINT.sequence
    ? LastSequenceFile.write(directory, sequence, Checksum.ofText)
    : Effect.fail(new CorruptStore({ directory, reason: `${LastSequenceFile.FILE_NAME} is missing` }))

/**
 * Checks the index of a store and the journal beside it, or makes an empty one a store; gives from where to go on. `atLeast`
 * is a batch number that was durable, undefined where no store is known to have been here.
 */
export const recover = Effect.fn("StoreRecovery.recover")(function* (
  open: OpenStore,
  atLeast: number | undefined
): Effect.fn.Return<JournalReplay.Recovered, OpenError> {
  const { directory, files, store } = open
  if (atLeast === undefined && (yield* store.isEmpty)) {
    yield* Effect.tryPromise({
      try: () => store.create(FIRST_CHECKPOINT),
      catch: unavailable("create the store")
    })
    yield* LastSequenceFile.write(directory, FIRST_CHECKPOINT.sequence, Checksum.ofText)
    return JournalReplay.closedAt(FIRST_CHECKPOINT)
  }
  const checkpoint = yield* existing(open)
  if (atLeast === undefined) yield* restoreLastSequence(directory, checkpoint)
  yield* store.load(checkpoint)
  const { account, index } = store
  const recovered = yield* JournalReplay.recover({ account, checkpoint, directory, files, index })
  const missing = BatchSequence.missing({ first: recovered.last + 1, last: atLeast ?? 0 }, [])
  if (missing === undefined) return recovered
  return yield* new CorruptStore({ directory, reason: BatchSequence.describeMissing(missing) })
})
