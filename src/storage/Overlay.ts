import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { BlockState, Lock, RepoView, TransactionRecord } from "./BlockState.ts"
import type { ViewChanges } from "./Plan.ts"

const NO_LOCKS: ReadonlyArray<Lock> = []

/** All live locks, by block and by holder. Not bounded here: the member bounds live transactions. */
export class LockTable {
  readonly #byBlock = new Map<BlockId, ReadonlyArray<Lock>>()
  readonly #byHolder = new Map<ActionId, Array<BlockId>>()

  on(id: BlockId): ReadonlyArray<Lock> {
    return this.#byBlock.get(id) ?? NO_LOCKS
  }

  /** Whether a transaction holds any lock. */
  isHolder(id: ActionId): boolean {
    return this.#byHolder.has(id)
  }

  add(id: BlockId, lock: Lock): void {
    this.#byBlock.set(id, [...this.on(id), lock])
    const held = this.#byHolder.get(lock.holder)
    if (held === undefined) this.#byHolder.set(lock.holder, [id])
    else held.push(id)
  }

  free(holder: ActionId): void {
    for (const id of this.#byHolder.get(holder) ?? []) {
      const left = this.on(id).filter((lock) => lock.holder !== holder)
      if (left.length === 0) this.#byBlock.delete(id)
      else this.#byBlock.set(id, left)
    }
    this.#byHolder.delete(holder)
  }

  /** Takes one lock away from who holds others. */
  unlock(id: BlockId, holder: ActionId): void {
    const left = this.on(id).filter((lock) => lock.holder !== holder)
    if (left.length === 0) this.#byBlock.delete(id)
    else this.#byBlock.set(id, left)
    const held = this.#byHolder.get(holder)?.filter((block) => block !== id) ?? []
    if (held.length === 0) this.#byHolder.delete(holder)
    else this.#byHolder.set(holder, held)
  }
}

/** What one batch is to change, seen by the later requests of the batch; nobody else sees it before it is durable. */
export class Overlay implements RepoView {
  readonly #base: RepoView
  readonly blocks = new Map<BlockId, BlockState>()
  /** Undefined: forgotten. */
  readonly transactions = new Map<ActionId, TransactionRecord | undefined>()
  readonly locked: Array<readonly [BlockId, Lock]> = []
  readonly freed = new Set<ActionId>()
  /** Single locks of those who keep the others. */
  readonly unlocked: Array<readonly [block: BlockId, holder: ActionId]> = []

  constructor(base: RepoView) {
    this.#base = base
  }

  readonly block = (id: BlockId): BlockState | undefined => this.blocks.get(id) ?? this.#base.block(id)

  readonly transaction = (id: ActionId): TransactionRecord | undefined =>
    this.transactions.has(id) ? this.transactions.get(id) : this.#base.transaction(id)

  readonly mayBePendedOrAborted = (id: ActionId): boolean =>
    this.transactions.has(id) || this.#base.mayBePendedOrAborted(id)

  readonly locks = (id: BlockId): ReadonlyArray<Lock> => {
    const before = this.#base.locks(id)
    if (this.locked.length === 0 && this.freed.size === 0 && this.unlocked.length === 0) return before
    const added = this.locked.filter(([block]) => block === id).map(([, lock]) => lock)
    const isUnlocked = (holder: ActionId) => this.unlocked.some(([block, by]) => block === id && by === holder)
    return [...before, ...added].filter(({ holder }) => !this.freed.has(holder) && !isUnlocked(holder))
  }

  /** Takes over the changes of one plan. */
  add({ blocks, freed, locked, transaction }: ViewChanges): void {
    for (const state of blocks ?? []) this.blocks.set(state.id, state)
    if (locked !== undefined) this.locked.push(...locked)
    if (freed !== undefined) this.freed.add(freed)
    if (transaction !== undefined) this.transactions.set(...transaction)
  }
}
