import * as Effect from "effect/Effect"
import { CorruptRecord, type StorageError } from "../../../schemas/Errors.ts"
import type { Space, StorageRange } from "../../../services/RawStorage.ts"
import * as RecordPath from "../../../src/storage/RecordPath.ts"
import * as StorageKeyCodec from "../../../src/storage/StorageKeyCodec.ts"
import { inOrder, openValue, type RecordReader } from "../JournaledStorage.ts"
import type { SpaceChanges } from "../journal/Unindexed.ts"
import { unavailable } from "../StorageFailure.ts"
import { pathOf } from "./FilesIndex.ts"
import type { RecordNames } from "./RecordNames.ts"
import type { StoreFiles } from "./StoreFiles.ts"
import type { Turns } from "./Turns.ts"

const foreign = (path: string) => new CorruptRecord({ key: path, reason: "not a file of this program" })

interface PlaceAt {
  readonly path: string
  readonly place: RecordPath.RecordPlace
}

const isWithin = ({ highest, lowest }: StorageKeyCodec.KeyInterval, text: string): boolean =>
  lowest <= text && text <= highest

const missing = (encodedKey: string) =>
  new CorruptRecord({ key: StorageKeyCodec.describeEncoded(encodedKey), reason: "its file is missing" })

/** How the records in the files of a store are read, which has files of these names and no others. */
export const make = (files: StoreFiles, names: RecordNames, turns: Turns): RecordReader => {
  const opened = (encodedKey: string, path: string, text: string): Effect.Effect<string, StorageError> =>
    Effect.flatMap(
      Effect.try({ try: () => openValue(encodedKey, text), catch: (cause) => cause as CorruptRecord }),
      // It is whole: somebody has put a copy there.
      (value) => (names.has(path) ? Effect.succeed(value) : Effect.fail(foreign(path)))
    )

  /** The value of a key. While a step is at work, an error may be of a file and its name that are not yet in agreement. */
  const read = (encodedKey: string): Effect.Effect<string | undefined, StorageError> => {
    const path = pathOf(encodedKey)
    return Effect.flatMap(Effect.mapError(files.read(path), unavailable("read")), (text) => {
      if (text !== undefined) return opened(encodedKey, path, text)
      return names.has(path) ? Effect.fail(missing(encodedKey)) : Effect.succeed(undefined)
    })
  }

  const list = (folder: string): Effect.Effect<ReadonlyArray<string>, StorageError> =>
    Effect.mapBoth(files.list(folder), {
      onFailure: unavailable("read"),
      onSuccess: (found) => found.map((name) => `${folder}/${name}`)
    })

  const placesAt = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<PlaceAt>, StorageError> =>
    Effect.forEach(paths, (path) => {
      const place = RecordPath.decode(path)
      return place === undefined ? Effect.fail(foreign(path)) : Effect.succeed({ path, place })
    })

  /** What the names in a folder lead to. */
  const placesIn = (folder: string) => Effect.flatMap(list(folder), placesAt)

  /** The keys of the files that are in a folder, or should be. */
  const keysIn = (folder: string): Effect.Effect<ReadonlyArray<string>, StorageError> =>
    Effect.flatMap(list(folder), (found) =>
      Effect.map(placesAt([...new Set([...found, ...names.in(folder)])]), (places) =>
        places.flatMap(({ place }) => (place._tag === "Record" ? [StorageKeyCodec.encode(place.key)] : []))
      )
    )

  /** Fails where a folder has a file that should not be there any more: what was removed leaves its folder behind. */
  const refuseFiles = (folder: string, deleted: ReadonlySet<string>): Effect.Effect<void, StorageError> =>
    Effect.flatMap(placesIn(folder), (places) => {
      const record = places.find(({ path, place }) => place._tag === "Record" && !deleted.has(path))
      if (record !== undefined) return Effect.fail(foreign(record.path))
      const folders = places.filter(({ place }) => place._tag === "Folder")
      return Effect.forEach(folders, ({ path }) => refuseFiles(path, deleted), { discard: true })
    })

  /** The blocks of a space, in no order, and those that only a file or a folder in its place tells of. */
  const blocksIn = (space: Space, changes: SpaceChanges) =>
    Effect.map(placesIn(space), (places) => {
      const known = names.blocks(space)
      const deleted = new Set(Array.from(changes.deleted, pathOf))
      const left = deleted.size === 0 ? known : names.blocks(space, deleted)
      const blocks = new Set([...left, ...changes.blocks])
      const strange = new Map<string, Effect.Effect<void, StorageError>>()
      for (const { path, place } of places) {
        // A process that was killed may have left it: it goes when the batch that deletes it enters the files.
        if (deleted.has(path)) continue
        const isRecord = place._tag === "Record"
        const block = isRecord ? place.key[1] : place.block
        if (block === undefined || known.has(block) || blocks.has(block)) continue
        strange.set(block, isRecord ? Effect.fail(foreign(path)) : refuseFiles(path, deleted))
      }
      return { blocks, strange }
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
    // Outside of any turn; what is wrong then may be right in one.
    get: (encodedKey) => Effect.catchTag(read(encodedKey), "CorruptRecord", () => turns.shared(read(encodedKey))),
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
    blocks: Effect.fn("FilesStorage.blocks")((space, { after, limit }, unindexed) =>
      turns.shared(
        Effect.gen(function* () {
          // At once: what is in files does not change before this is over.
          const { blocks, strange } = yield* blocksIn(space, unindexed())
          const found: Array<string> = []
          for (const block of inOrder(space, [...blocks, ...strange.keys()], after)) {
            if (found.length >= limit) break
            if (blocks.has(block)) found.push(block)
            else yield* strange.get(block)!
          }
          return found
        })
      )
    )
  }
}
