import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import {
  RawStorage,
  type RawStorageService,
  SPACES,
  type Space,
  type StorageKey,
  type StorageRange,
  type StorageRecord,
  type StorageWrite
} from "../../services/RawStorage.ts"
import * as StorageKeyCodec from "../../src/storage/StorageKeyCodec.ts"
import * as StoreRecords from "../../src/storage/StoreRecords.ts"
import { SortedKeys } from "./SortedKeys.ts"

/** The records of one block, by what follows the block in their encoded keys. */
class MemoryBlock {
  readonly #records = new Map<string, StorageRecord>()
  /** Made by the first range read: most blocks are only ever read by key. */
  #order: SortedKeys | undefined

  get isEmpty(): boolean {
    return this.#records.size === 0
  }

  get(within: string): string | undefined {
    return this.#records.get(within)?.value
  }

  set(within: string, record: StorageRecord): void {
    const sizeBefore = this.#records.size
    this.#records.set(within, record)
    if (this.#records.size > sizeBefore) this.#order?.add(within)
  }

  delete(within: string): void {
    if (this.#records.delete(within)) this.#order?.delete(within)
  }

  range({ highest, lowest }: StorageKeyCodec.KeyInterval, reverse: boolean, limit: number): Array<StorageRecord> {
    this.#order ??= new SortedKeys(this.#records.keys())
    const found = reverse
      ? this.#order.descending(lowest, highest, limit)
      : this.#order.ascending(lowest, highest, limit)
    return found.map((within) => this.#records.get(within)!)
  }
}

/** The blocks of one space, in order. */
class MemorySpace {
  readonly #space: Space
  readonly #blocks = new Map<string, MemoryBlock>()
  /** Made by the first listing: most spaces are never listed. */
  #order: SortedKeys | undefined

  constructor(space: Space) {
    this.#space = space
  }

  get(block: string): MemoryBlock | undefined {
    return this.#blocks.get(block)
  }

  put(within: string, record: StorageRecord): void {
    const block = record.key[1]
    let records = this.#blocks.get(block)
    if (records === undefined) {
      records = new MemoryBlock()
      this.#blocks.set(block, records)
      this.#order?.add(StorageKeyCodec.encodeBlock(this.#space, block))
    }
    records.set(within, record)
  }

  delete(within: string, block: string): void {
    const records = this.#blocks.get(block)
    if (records === undefined) return
    records.delete(within)
    if (!records.isEmpty) return
    this.#blocks.delete(block)
    this.#order?.delete(StorageKeyCodec.encodeBlock(this.#space, block))
  }

  list(after: string | undefined, limit: number): ReadonlyArray<string> {
    const { highest, lowest } = StorageKeyCodec.spaceInterval(this.#space, after)
    this.#order ??= new SortedKeys(
      Array.from(this.#blocks.keys(), (block) => StorageKeyCodec.encodeBlock(this.#space, block))
    )
    return this.#order.ascending(lowest, highest, limit).map((encoded) => StorageKeyCodec.decodeBlock(encoded)!)
  }
}

const make = (): RawStorageService => {
  const spaces = new Map(SPACES.map((space) => [space, new MemorySpace(space)]))

  const get = ([space, block, kind, name]: StorageKey): string | undefined => {
    const within = StorageKeyCodec.encodeWithinBlock(kind, name)
    return spaces.get(space)!.get(block)?.get(within)
  }

  const range = (range: StorageRange): ReadonlyArray<StorageRecord> => {
    const interval = StorageKeyCodec.intervalWithinBlock(range)
    return (
      spaces
        .get(range.space)!
        .get(range.block)
        ?.range(interval, range.reverse === true, range.limit) ?? []
    )
  }

  const write = (batch: ReadonlyArray<StorageWrite>): void => {
    // A key that cannot be written throws here, before anything is changed.
    const places = batch.map(({ key }) => {
      StoreRecords.assertNotOwn(key)
      return StorageKeyCodec.encodeWithinBlock(key[2], key[3])
    })
    batch.forEach((write, index) => {
      const space = spaces.get(write.key[0])!
      const within = places[index]!
      if (write.type === "put") space.put(within, { key: write.key, value: write.value })
      else space.delete(within, write.key[1])
    })
  }

  return {
    get: (key) => Effect.sync(() => get(key)),
    getMany: (keys) => Effect.sync(() => keys.map(get)),
    range: (bounds) => Effect.sync(() => range(bounds)),
    blocks: (space, { after, limit }) => Effect.sync(() => spaces.get(space)!.list(after, limit)),
    write: (batch) => Effect.sync(() => write(batch))
  }
}

/** Storage in memory, empty at first and gone with its scope. For tests, simulations, and nodes that keep nothing. */
export const layer: Layer.Layer<RawStorage> = Layer.sync(RawStorage, make)
