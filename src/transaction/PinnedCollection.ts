import * as Effect from "effect/Effect"
import type { Block } from "../../schemas/Block.ts"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId, CollectionId, Rev } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { TransactorService } from "../../services/Transactor.ts"
import { BlockFault } from "../block/BlockStore.ts"
import type { BlockSource } from "../block/procedure.ts"
import type { ReadCache } from "../collection/ReadCache.ts"

/** The ends of a collection as they were read in one go: its header and its open tail. */
export interface CollectionEnds {
  readonly header: StoredBlock
  readonly tail: StoredBlock
}

/** Where blocks are remembered, as of revisions. */
export type BlockMemory = Pick<ReadCache, "lookup" | "put">

/** A collection as of one revision: what a transaction reads of it, however long it runs. Revision 0: it does not exist. */
export class PinnedCollection implements BlockSource<ReadError> {
  readonly id: CollectionId
  readonly rev: number
  readonly header: CollectionBlock | undefined
  readonly tail: LogBlock | undefined
  readonly #known: ReadonlyMap<BlockId, StoredBlock>
  readonly #loaded = new Map<BlockId, StoredBlock | undefined>()
  readonly #cache: BlockMemory
  readonly #read: TransactorService["get"]

  constructor(
    id: CollectionId,
    rev: number,
    ends: CollectionEnds | undefined,
    cache: BlockMemory,
    read: TransactorService["get"]
  ) {
    this.id = id
    this.rev = rev
    this.header = ends?.header.block as unknown as CollectionBlock | undefined
    this.tail = ends?.tail.block as unknown as LogBlock | undefined
    this.#known =
      ends === undefined
        ? new Map()
        : new Map([
            [id, ends.header],
            [this.tail!.header.id, ends.tail]
          ])
    this.#cache = cache
    this.#read = read
  }

  /** A block with its revision and hash: the base of a change. Raises `BlockFault` where it is not in memory. */
  stored(id: BlockId): StoredBlock | undefined {
    if (this.rev === 0) return undefined
    const found = this.#cache.lookup(this.id, id, this.rev) ?? this.#known.get(id) ?? this.#loaded.get(id)
    if (found === undefined && !this.#loaded.has(id)) throw new BlockFault([id])
    return found
  }

  get(id: BlockId): Block | undefined {
    return this.stored(id)?.block
  }

  load(ids: ReadonlyArray<BlockId>): Effect.Effect<void, ReadError> {
    const at = this.rev as Rev
    return Effect.map(this.#read(ids.map((id) => ({ at, id }))), (blocks) => {
      ids.forEach((id, i) => {
        const block = blocks[i]
        this.#loaded.set(id, block)
        if (block !== undefined) this.#cache.put(this.id, id, block, at)
      })
    })
  }

  settle(): void {
    if (this.#loaded.size > 0) this.#loaded.clear()
  }
}
