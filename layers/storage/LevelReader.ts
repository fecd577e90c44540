import type { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import { CorruptRecord, type StorageError } from "../../schemas/Errors.ts"
import type { Space, StorageKey, StorageRecord } from "../../services/RawStorage.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import { type BlockPage, inOrder, openValue, type RecordReader } from "./JournaledStorage.ts"
import type { SpaceChanges } from "./journal/Unindexed.ts"
import * as LevelDatabase from "./LevelDatabase.ts"
import { reasonOf, unavailable } from "./StorageFailure.ts"

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

/** The first keys of distinct blocks: after each, the iterator jumps over the rest of the block. */
const readBlocks = async (
  database: ClassicLevel,
  space: Space,
  { after, limit }: BlockPage,
  unindexed: () => SpaceChanges
): Promise<ReadonlyArray<string>> => {
  const blocks: Array<string> = []
  const keys = database.keys(LevelDatabase.bounds(StorageKeyCodec.spaceInterval(space, after)))
  // Of the same instant as what the iterator sees.
  const changes = unindexed()
  try {
    while (blocks.length < limit) {
      const encodedKey = await keys.next()
      if (encodedKey === undefined) break
      if (changes.deleted.has(encodedKey)) continue
      const block = decodeKey(encodedKey)[1]
      blocks.push(block)
      keys.seek(StorageKeyCodec.spaceInterval(space, block).lowest)
    }
  } finally {
    await keys.close()
  }
  return inOrder(space, [...blocks, ...changes.blocks], after).slice(0, Math.max(0, limit))
}

/** How the records of a database are read, a range in steps of so many bytes. */
export const make = (database: ClassicLevel, rangeStepBytes: number): RecordReader => ({
  get: (encodedKey) =>
    Effect.try({
      try: () => readValue(database, encodedKey),
      catch: (cause) => readFailure(StorageKeyCodec.describeEncoded(encodedKey), cause)
    }),
  // Synchronous, and so of one instant.
  getMany: (encodedKeys, unindexed) =>
    Effect.try({
      try: () =>
        encodedKeys.map((encodedKey) => {
          const operation = unindexed(encodedKey)
          return operation === undefined ? readValue(database, encodedKey) : operation.value
        }),
      catch: (cause) => readFailure(encodedKeys.map(StorageKeyCodec.describeEncoded).join(", "), cause)
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
          highWaterMarkBytes: rangeStepBytes
        })
        return (await iterator.all()).map(openRecord)
      },
      catch: (cause) => readFailure(JSON.stringify(range), cause)
    })
  }),
  blocks: Effect.fn("LevelStorage.blocks")((space, page, unindexed) =>
    Effect.tryPromise({
      try: () => readBlocks(database, space, page, unindexed),
      catch: (cause) => readFailure(JSON.stringify([space]), cause)
    })
  )
})
