import * as Effect from "effect/Effect"
import type { Block } from "../../schemas/Block.ts"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
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
  /** Where the present procedure was told that blocks are kept, or has allocated them, apart from the header. */
  readonly #located = new Map<BlockId, ReadonlyArray<PeerId>>()
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
  stored(id: BlockId, members?: ReadonlyArray<PeerId>): StoredBlock | undefined {
    if (this.rev === 0) return undefined
    if (members !== undefined) this.locate(id, members)
    const found = this.#cache.lookup(this.id, id, this.rev) ?? this.#known.get(id) ?? this.#loaded.get(id)
    if (found === undefined && !this.#loaded.has(id)) throw new BlockFault([id])
    return found
  }

  get(id: BlockId, members?: ReadonlyArray<PeerId>): Block | undefined {
    return this.stored(id, members)?.block
  }

  membersOf(id: BlockId): ReadonlyArray<PeerId> | undefined {
    return this.#located.get(id)
  }

  /** Notes, for the present procedure, who keeps a block that does not live with the header. */
  locate(id: BlockId, members: ReadonlyArray<PeerId>): void {
    this.#located.set(id, members)
  }

  load(ids: ReadonlyArray<BlockId>): Effect.Effect<void, ReadError> {
    const at = this.rev as Rev
    return Effect.map(this.#read(ids.map((id) => ({ at, id, members: this.#located.get(id) }))), (blocks) => {
      ids.forEach((id, i) => {
        const block = blocks[i]
        this.#loaded.set(id, block)
        if (block !== undefined) this.#cache.put(this.id, id, block, at)
      })
    })
  }

  settle(): void {
    if (this.#loaded.size > 0) this.#loaded.clear()
    if (this.#located.size > 0) this.#located.clear()
  }
}
