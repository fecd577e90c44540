import type { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CorruptStore, type OpenError } from "../../schemas/Errors.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as Envelope from "../../src/storage/Envelope.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import * as LastSequenceFile from "./LastSequenceFile.ts"
import { bounds, checksum, commitBatch, isCorruption, putOperation } from "./LevelDatabase.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

const FIRST_SEQUENCE = 1

type Entry = readonly [encodedKey: string, text: string]

/** The entries of an open database that say whether the store is whole. */
interface Evidence {
  readonly format: Entry | undefined
  readonly slots: ReadonlyArray<Entry>
  readonly isEmpty: boolean
}

const readEvidence = (database: ClassicLevel, directory: string): Effect.Effect<Evidence, OpenError> =>
  Effect.tryPromise({
    try: async () => {
      const formatKey = StorageKeyCodec.encode(StoreRecords.FORMAT_KEY)
      const format = await database.get(formatKey)
      return {
        format: format === undefined ? undefined : ([formatKey, format] as const),
        slots: await database.iterator(bounds(StorageKeyCodec.rangeInterval(BatchSequence.RING))).all(),
        isEmpty: (await database.keys({ limit: 1 }).all()).length === 0
      }
    },
    catch: (cause) =>
      isCorruption(cause)
        ? new CorruptStore({ directory, reason: reasonOf(cause) })
        : unavailable("open the store")(cause)
  })

const valueOf = ([encodedKey, text]: Entry): Either.Either<string, string> => {
  const opened = Envelope.open(encodedKey, text, checksum)
  if ("value" in opened) return Either.right(opened.value)
  return Either.left(`record ${StorageKeyCodec.describeEncoded(encodedKey)}: ${opened.corrupt}`)
}

const slotOf = (entry: Entry): Either.Either<readonly [slot: number, n: number], string> => {
  const slot = StorageKeyCodec.decode(entry[0])?.[3]
  return Either.flatMap(valueOf(entry), (value) => {
    const n = BatchSequence.readSlot(value)
    return typeof slot === "number" && n !== undefined
      ? Either.right([slot, n] as const)
      : Either.left(`record ${StorageKeyCodec.describeEncoded(entry[0])} is not a batch number`)
  })
}

/** The number of the last batch that an existing store holds, or why it cannot be trusted. */
const lastSequence = ({ format, slots }: Evidence, atLeast: number): Either.Either<number, string> => {
  if (format === undefined) {
    return Either.left("it has no format record: its first batch is lost, or it is not a store of this program")
  }
  const refusal = Either.map(valueOf(format), StoreRecords.refusal)
  if (Either.isLeft(refusal)) return Either.left(refusal.left)
  if (refusal.right !== undefined) return Either.left(refusal.right)

  const numbers = new Map<number, number>()
  for (const entry of slots) {
    const slot = slotOf(entry)
    if (Either.isLeft(slot)) return Either.left(slot.left)
    numbers.set(...slot.right)
  }
  const result = BatchSequence.check(numbers, atLeast)
  return result._tag === "Contiguous" ? Either.right(result.last) : Either.left(BatchSequence.describeGap(result))
}

/** Makes an empty database a store: its first batch names the format. */
const create = (database: ClassicLevel, directory: string) =>
  Effect.tryPromise({
    try: () => commitBatch(database, [putOperation(StoreRecords.FORMAT_KEY, StoreRecords.formatValue)], FIRST_SEQUENCE),
    catch: unavailable("create the store")
  }).pipe(Effect.zipRight(LastSequenceFile.write(directory, FIRST_SEQUENCE, checksum)), Effect.as(FIRST_SEQUENCE))

/**
 * Checks an open database, or makes a new one a store, and gives the number of its last batch. `atLeast` is a number that
 * was durable, undefined where no store is known to have been here.
 */
export const recover = Effect.fn("LevelRecovery.recover")(function* (
  database: ClassicLevel,
  directory: string,
  atLeast: number | undefined
): Effect.fn.Return<number, OpenError> {
  const evidence = yield* readEvidence(database, directory)
  if (evidence.isEmpty && atLeast === undefined) return yield* create(database, directory)
  return yield* Either.mapLeft(
    lastSequence(evidence, atLeast ?? FIRST_SEQUENCE),
    (reason) => new CorruptStore({ directory, reason })
  )
})
