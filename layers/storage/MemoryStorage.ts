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

/** The values of one block, by what follows the block in their encoded keys: most are kept for ever, so nothing beside them. */
class MemoryBlock {
  readonly #values = new Map<string, string>()
  /** Made by the first range read: most blocks are only ever read by key. */
  #order: SortedKeys | undefined

  get isEmpty(): boolean {
    return this.#values.size === 0
  }

  get(within: string): string | undefined {
    return this.#values.get(within)
  }

  set(within: string, value: string): void {
    const sizeBefore = this.#values.size
    this.#values.set(within, value)
    if (this.#values.size > sizeBefore) this.#order?.add(within)
  }

  delete(within: string): void {
    if (this.#values.delete(within)) this.#order?.delete(within)
  }

  range({ highest, lowest }: StorageKeyCodec.KeyInterval, reverse: boolean, limit: number): ReadonlyArray<string> {
    this.#order ??= new SortedKeys(this.#values.keys())
    return reverse ? this.#order.descending(lowest, highest, limit) : this.#order.ascending(lowest, highest, limit)
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

  put(within: string, block: string, value: string): void {
    let records = this.#blocks.get(block)
    if (records === undefined) {
      records = new MemoryBlock()
      this.#blocks.set(block, records)
      this.#order?.add(StorageKeyCodec.encodeBlock(this.#space, block))
    }
    records.set(within, value)
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

/** An empty store in memory. */
export const make = (): RawStorageService => {
  const spaces = new Map(SPACES.map((space) => [space, new MemorySpace(space)]))

  const get = ([space, block, kind, name]: StorageKey): string | undefined => {
    const within = StorageKeyCodec.encodeWithinBlock(kind, name)
    return spaces.get(space)!.get(block)?.get(within)
  }

  const range = (range: StorageRange): ReadonlyArray<StorageRecord> => {
    // First: it throws for a name that no key has.
    const interval = StorageKeyCodec.intervalWithinBlock(range)
    const records = spaces.get(range.space)!.get(range.block)
    if (records === undefined) return []
    const block = StorageKeyCodec.encodeBlock(range.space, range.block)
    return records.range(interval, range.reverse === true, range.limit).map((within) => ({
      key: StorageKeyCodec.decode(block + within)!,
      value: records.get(within)!
    }))
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
      if (write.type === "put") space.put(within, write.key[1], write.value)
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
