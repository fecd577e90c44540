import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import { BoundedCache } from "../block/BoundedCache.ts"
import type { BlockMemory } from "../transaction/PinnedCollection.ts"
import { costOf } from "./ReadCache.ts"

/**
 * Blocks as they were at past revisions of their collections: what a revision was it stays, so nothing here goes stale. What
 * did not change since is taken from the cache of the latest blocks. Bounded in bytes.
 */
export class PastCache implements BlockMemory {
  readonly #blocks: BoundedCache<string, StoredBlock>
  readonly #latest: BlockMemory

  constructor(maxBytes: number, latest: BlockMemory) {
    this.#blocks = new BoundedCache(maxBytes, costOf)
    this.#latest = latest
  }

  lookup(collection: CollectionId, id: BlockId, rev: number): StoredBlock | undefined {
    return this.#latest.lookup(collection, id, rev) ?? this.#blocks.get(nameOf(id, rev))
  }

  put(_collection: CollectionId, id: BlockId, stored: StoredBlock, rev: number): void {
    this.#blocks.set(nameOf(id, rev), stored)
  }

  /** How many blocks are held. */
  get size(): number {
    return this.#blocks.size
  }
}

const nameOf = (id: BlockId, rev: number): string => `${id}@${rev}`
