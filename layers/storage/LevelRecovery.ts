import type { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { CorruptStore, type OpenError } from "../../schemas/Errors.ts"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { ownValue, type RecoverableIndex, trusted } from "./journal/StoreRecovery.ts"
import { bounds, isCorruption } from "./LevelDatabase.ts"
import * as LevelIndex from "./LevelIndex.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

/** Runs what reads the database while it is being opened. */
const reading = <A>(directory: string, read: () => Promise<A>): Effect.Effect<A, OpenError> =>
  Effect.tryPromise({
    try: read,
    catch: (cause) =>
      isCorruption(cause)
        ? new CorruptStore({ directory, reason: reasonOf(cause) })
        : unavailable("open the store")(cause)
  })

const runOf = ([encodedKey, text]: readonly [string, string]): Either.Either<BatchSequence.BatchRun, string> =>
  Either.flatMap(ownValue(encodedKey, text), (value) =>
    Either.fromNullable(
      BatchSequence.readSlot(value),
      () => `record ${StorageKeyCodec.describeEncoded(encodedKey)} does not name batches`
    )
  )

/** What is to be known of an open database before it is the index of a store. */
export const make = (database: ClassicLevel, directory: string): RecoverableIndex => ({
  // Its steps are whole or not there, and each says which batches were in it.
  account: Effect.map(
    Effect.flatMap(
      reading(directory, () => database.iterator(bounds(StorageKeyCodec.rangeInterval(BatchSequence.RING))).all()),
      (slots) => trusted(directory, Either.all(slots.map(runOf)))
    ),
    (runs) => ({ begun: 0, runs })
  ),
  create: (checkpoint) => LevelIndex.create(database, checkpoint),
  index: LevelIndex.make(database),
  isEmpty: Effect.map(
    reading(directory, () => database.keys({ limit: 1 }).all()),
    (keys) => keys.length === 0
  ),
  load: () => Effect.void,
  readOwn: (key) => reading(directory, () => database.get(StorageKeyCodec.encode(key)))
})
