/** A store that does what a test wants: fails writes, or gives other records than were written. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StorageUnavailable } from "../../schemas/Errors.ts"
import { RawStorage, type RawStorageService, type StorageKey } from "../../services/RawStorage.ts"

/** What is to go wrong from now on. */
export interface StorageFaultsService {
  /** While true, no batch is written. */
  failWrites: boolean
  /** Whether a batch that is not written is said to have landed perhaps. */
  mayHaveLanded: boolean
  /** The text that a key is read as; undefined: it is not there. Keys as {@link keyText} makes them. */
  readonly readAs: Map<string, string | undefined>
}

export class StorageFaults extends Context.Tag("optimystic/test/StorageFaults")<
  StorageFaults,
  StorageFaultsService
>() {}

export const keyText = (key: StorageKey): string => JSON.stringify(key)

const faulty = (raw: RawStorageService, faults: StorageFaultsService): RawStorageService => {
  const readAs = (key: StorageKey, text: string | undefined) => {
    const name = keyText(key)
    return faults.readAs.has(name) ? faults.readAs.get(name) : text
  }
  return {
    blocks: raw.blocks,
    get: (key) => Effect.map(raw.get(key), (text) => readAs(key, text)),
    getMany: (keys) => Effect.map(raw.getMany(keys), (texts) => texts.map((text, i) => readAs(keys[i]!, text))),
    range: (range) =>
      Effect.map(raw.range(range), (records) =>
        records.flatMap(({ key, value }) => {
          const text = readAs(key, value)
          return text === undefined ? [] : [{ key, value: text }]
        })
      ),
    write: (batch) =>
      Effect.suspend(() =>
        faults.failWrites
          ? Effect.fail(
              new StorageUnavailable({
                mayHaveLanded: faults.mayHaveLanded,
                operation: "write",
                reason: "the test wants it so"
              })
            )
          : raw.write(batch)
      )
  }
}

/** The store below, with faults to switch on. */
export const layer: Layer.Layer<RawStorage | StorageFaults, never, RawStorage> = Layer.effectContext(
  Effect.map(RawStorage, (raw) => {
    const faults: StorageFaultsService = { failWrites: false, mayHaveLanded: false, readAs: new Map() }
    return Context.make(StorageFaults, faults).pipe(Context.add(RawStorage, faulty(raw, faults)))
  })
)
