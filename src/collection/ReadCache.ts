import type { LogBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import { BoundedCache } from "../block/BoundedCache.ts"
import { textLength } from "../encoding/CanonicalJson.ts"

/** What is known of a collection as a whole. */
interface Known {
  /** Tells apart what was cached before a gap in what is known from what was cached after it. */
  readonly epoch: number
  /** Every change up to this revision is known: a block cached in this epoch is what it was at it. */
  through: number
  /** Where the open tail was last seen. */
  tail: BlockId
}

interface Cached {
  readonly epoch: number
  readonly stored: StoredBlock
}

/** Cost of a cached block beside its content, in bytes. */
const OVERHEAD_BYTES = 200
/** What keeping a block costs, in bytes. */
export const costOf = ({ block }: StoredBlock): number => OVERHEAD_BYTES + (block === undefined ? 0 : textLength(block))
/** Collections of which it is known how far their cached blocks are current. */
const MAX_COLLECTIONS = 10_000

/**
 * Blocks of collections, as of revisions. A collection's log says which blocks each revision wrote, so a cached block is
 * current until an entry of the log names it: no look-up, no time limit. Bounded in bytes.
 */
export class ReadCache {
  readonly #blocks: BoundedCache<BlockId, Cached>
  readonly #collections = new BoundedCache<CollectionId, Known>(MAX_COLLECTIONS, () => 1)
  #epochs = 0

  constructor(maxBytes: number) {
    this.#blocks = new BoundedCache(maxBytes, ({ stored }) => costOf(stored))
  }

  /** A block as it was at a revision of its collection, if that is known. */
  lookup(collection: CollectionId, id: BlockId, rev: number): StoredBlock | undefined {
    const cached = this.#blocks.get(id)
    if (cached === undefined || cached.stored.rev > rev) return undefined
    const known = this.#collections.get(collection)
    return known !== undefined && known.epoch === cached.epoch && rev <= known.through ? cached.stored : undefined
  }

  /** Whether a collection is known to have gone beyond a revision. */
  isBeyond(collection: CollectionId, rev: number): boolean {
    const known = this.#collections.get(collection)
    return known !== undefined && known.through > rev
  }

  /** Where to look first for the open tail. */
  tailHint(collection: CollectionId): BlockId | undefined {
    return this.#collections.get(collection)?.tail
  }

  /** Learns the latest revision of a collection from its open tail: what was written since is no longer current. */
  observe(collection: CollectionId, tail: StoredBlock, log: LogBlock, rev: number): void {
    let known = this.#collections.get(collection)
    if (known !== undefined && rev < known.through) return
    if (known === undefined || log.checkpoint.rev > known.through) {
      known = { epoch: ++this.#epochs, tail: log.header.id, through: rev }
      this.#collections.set(collection, known)
    } else {
      // Newest first: as a rule there is nothing new.
      for (let i = log.entries.length - 1; i >= 0 && log.entries[i]!.rev > known.through; i--) {
        for (const id of log.entries[i]!.blocks) this.#blocks.delete(id)
      }
      known.through = rev
      known.tail = log.header.id
    }
    this.#blocks.set(log.header.id, { epoch: known.epoch, stored: tail })
  }

  /** Keeps a block that was read as of a revision, if nothing can have happened to it since. */
  put(collection: CollectionId, id: BlockId, stored: StoredBlock, rev: number): void {
    const known = this.#collections.get(collection)
    if (known !== undefined && known.through === rev) this.#blocks.set(id, { epoch: known.epoch, stored })
  }

  /** Learns what a transaction of this node wrote to a collection. */
  committed(
    collection: CollectionId,
    rev: number,
    tail: BlockId,
    written: ReadonlyArray<readonly [BlockId, StoredBlock]>
  ): void {
    let known = this.#collections.get(collection)
    if (known === undefined && rev === 1) {
      known = { epoch: ++this.#epochs, tail, through: 0 }
      this.#collections.set(collection, known)
    }
    // Where more is missing than this one revision, the log tells it at the next read.
    if (known === undefined || known.through !== rev - 1) return
    for (const [id, stored] of written) {
      // A payload is read by nobody but who reads the log.
      if (stored.block === undefined || stored.block.header.type === "payload") this.#blocks.delete(id)
      else this.#blocks.set(id, { epoch: known.epoch, stored })
    }
    known.through = rev
    known.tail = tail
  }

  /** Forgets what is known of a collection: its blocks are read again. */
  forget(collection: CollectionId): void {
    this.#collections.delete(collection)
  }

  /** Forgets everything. */
  clear(): void {
    this.#blocks.clear()
    this.#collections.clear()
  }
}
