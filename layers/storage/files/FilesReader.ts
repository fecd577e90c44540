import * as Effect from "effect/Effect"
import { CorruptRecord, type StorageError } from "../../../schemas/Errors.ts"
import type { Space, StorageRange } from "../../../services/RawStorage.ts"
import * as RecordPath from "../../../src/storage/RecordPath.ts"
import * as StorageKeyCodec from "../../../src/storage/StorageKeyCodec.ts"
import { openValue, type RecordReader } from "../JournaledStorage.ts"
import { unavailable } from "../StorageFailure.ts"
import { pathOf } from "./FilesIndex.ts"
import type { StoreFiles } from "./StoreFiles.ts"
import type { Turns } from "./Turns.ts"

const foreign = (path: string) => new CorruptRecord({ key: path, reason: "not a file of this program" })

interface PlaceAt {
  readonly path: string
  readonly place: RecordPath.RecordPlace
}

const isWithin = ({ highest, lowest }: StorageKeyCodec.KeyInterval, text: string): boolean =>
  lowest <= text && text <= highest

/** How the records in the files of a store are read. */
export const make = (files: StoreFiles, turns: Turns): RecordReader => {
  const read = (encodedKey: string): Effect.Effect<string | undefined, StorageError> =>
    files.read(pathOf(encodedKey)).pipe(
      Effect.mapError(unavailable("read")),
      Effect.flatMap((text) =>
        text === undefined
          ? Effect.succeed(undefined)
          : Effect.try({ try: () => openValue(encodedKey, text), catch: (cause) => cause as CorruptRecord })
      )
    )

  /** What the names in a folder lead to, with their paths. */
  const placesIn = (folder: string): Effect.Effect<ReadonlyArray<PlaceAt>, StorageError> =>
    files.list(folder).pipe(
      Effect.mapError(unavailable("read")),
      Effect.flatMap((names) =>
        Effect.forEach(names, (name) => {
          const path = `${folder}/${name}`
          const place = RecordPath.decode(path)
          return place === undefined ? Effect.fail(foreign(path)) : Effect.succeed({ path, place })
        })
      )
    )

  const keysIn = (folder: string): Effect.Effect<ReadonlyArray<string>, StorageError> =>
    Effect.map(placesIn(folder), (places) =>
      places.flatMap(({ place }) => (place._tag === "Record" ? [StorageKeyCodec.encode(place.key)] : []))
    )

  /** Whether any file is below a folder: what was removed may leave its folder behind. */
  const isOccupied = (folder: string): Effect.Effect<boolean, StorageError> =>
    Effect.flatMap(placesIn(folder), (places) =>
      places.some(({ place }) => place._tag === "Record")
        ? Effect.succeed(true)
        : Effect.exists(places, ({ path }) => isOccupied(path))
    )

  /** The blocks of a space, in no order, with the folder of each that has one. */
  const blocksIn = (space: Space): Effect.Effect<ReadonlyMap<string, string | undefined>, StorageError> =>
    Effect.map(placesIn(space), (places) => {
      const blocks = new Map<string, string | undefined>()
      for (const { path, place } of places) {
        if (place._tag === "Record") blocks.set(place.key[1], undefined)
        else if (place.block !== undefined) blocks.set(place.block, path)
      }
      return blocks
    })

  const keysOf = (range: StorageRange, interval: StorageKeyCodec.KeyInterval) =>
    Effect.map(Effect.forEach(RecordPath.foldersOf(range), keysIn), (found) => {
      const keys = found
        .flat()
        .filter((key) => isWithin(interval, key))
        .sort()
      return (range.reverse === true ? keys.reverse() : keys).slice(0, Math.max(0, range.limit))
    })

  return {
    get: read,
    getMany: (encodedKeys, unindexed) =>
      turns.shared(
        Effect.suspend(() => {
          // First what is not in files, all in one go: what is there does not change before this is over.
          const operations = encodedKeys.map(unindexed)
          return Effect.forEach(encodedKeys, (encodedKey, place) => {
            const operation = operations[place]
            return operation === undefined ? read(encodedKey) : Effect.succeed(operation.value)
          })
        })
      ),
    range: Effect.fn("FilesStorage.range")((range) => {
      const interval = StorageKeyCodec.rangeInterval(range)
      return turns.shared(
        Effect.flatMap(keysOf(range, interval), (keys) =>
          Effect.forEach(keys, (encodedKey) =>
            Effect.flatMap(read(encodedKey), (value) =>
              value === undefined
                ? Effect.fail(foreign(pathOf(encodedKey)))
                : Effect.succeed({ key: StorageKeyCodec.decode(encodedKey)!, value })
            )
          )
        )
      )
    }),
    blocks: Effect.fn("FilesStorage.blocks")((space, { after, limit }) => {
      const interval = StorageKeyCodec.spaceInterval(space, after)
      return turns.shared(
        Effect.gen(function* () {
          const folders = yield* blocksIn(space)
          const sorted = Array.from(
            folders.keys(),
            (block) => [StorageKeyCodec.encodeBlock(space, block), block] as const
          )
            .filter(([encoded]) => isWithin(interval, encoded))
            .sort(([left], [right]) => (left < right ? -1 : 1))
          const found: Array<string> = []
          for (const [, block] of sorted) {
            if (found.length >= limit) break
            const folder = folders.get(block)
            if (folder === undefined || (yield* isOccupied(folder))) found.push(block)
          }
          return found
        })
      )
    })
  }
}
