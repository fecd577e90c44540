/** A naive model of revision history: every revision of every block, whole. */
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"

/** A revision of a block; undefined: deleted. */
export interface NaiveRevision {
  readonly rev: number
  readonly block: Block | undefined
}

export class NaiveStorage {
  readonly #revisions = new Map<BlockId, Array<NaiveRevision>>()

  get ids(): ReadonlyArray<BlockId> {
    return [...this.#revisions.keys()]
  }

  /** Keeps a revision, newer than those before it. */
  add(id: BlockId, rev: number, block: Block | undefined): void {
    this.#revisions.set(id, [...this.revisions(id), { block: structuredClone(block), rev }])
  }

  /** All revisions, oldest first. */
  revisions(id: BlockId): ReadonlyArray<NaiveRevision> {
    return this.#revisions.get(id) ?? []
  }

  /** The newest revision not above `at`. */
  at(id: BlockId, at: number): NaiveRevision | undefined {
    return this.revisions(id).findLast(({ rev }) => rev <= at)
  }
}
