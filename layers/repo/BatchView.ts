import * as Effect from "effect/Effect"
import type { ActionId, BlockId, PublicKey, Rev } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../schemas/Revision.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import type { MemberView, Undecided } from "../../src/cluster/member/MemberView.ts"
import type { Votes } from "../../src/cluster/member/Votes.ts"
import {
  type BlockState,
  type Lock,
  type Missing,
  type TransactionRecord,
  ViewFault
} from "../../src/storage/BlockState.ts"
import type { BlockStorage } from "../../src/storage/BlockStorage.ts"
import type { RepoMemory } from "./RepoMemory.ts"

/** What one batch sees of a store: what is in memory, and what was read for it. Anything else raises a {@link ViewFault}. */
export class BatchView implements MemberView {
  readonly #memory: RepoMemory
  readonly #storage: BlockStorage
  /** What the batch has looked at; undefined: an id never used. */
  readonly blocks = new Map<BlockId, BlockState | undefined>()
  readonly #transactions = new Map<ActionId, TransactionRecord | undefined>()
  readonly #applied = new Map<ActionId, SignedManifest | undefined>()
  readonly #entries = new Map<BlockId, CertifiedRevision | undefined>()
  readonly #revisions = new Map<string, CertifiedRevision | undefined>()

  constructor(memory: RepoMemory, storage: BlockStorage) {
    this.#memory = memory
    this.#storage = storage
  }

  readonly block = (id: BlockId): BlockState | undefined => {
    const looked = this.blocks.get(id)
    if (looked !== undefined || this.blocks.has(id)) return looked
    const known = this.#memory.states.get(id)
    if (known === undefined) throw new ViewFault({ _tag: "Block", block: id })
    this.blocks.set(id, known)
    return known
  }

  readonly locks = (id: BlockId): ReadonlyArray<Lock> => this.#memory.locks.on(id)

  readonly mayBePendedOrAborted = (id: ActionId): boolean => this.#memory.hasAborted || this.#memory.locks.isHolder(id)

  readonly transaction = (id: ActionId): TransactionRecord | undefined => {
    const pending = this.#memory.pending.get(id)
    if (pending !== undefined) return pending
    if (!this.#transactions.has(id)) throw new ViewFault({ _tag: "Transaction", action: id })
    return this.#transactions.get(id)
  }

  readonly applied = (id: ActionId): SignedManifest | undefined => {
    if (!this.#applied.has(id)) throw new ViewFault({ _tag: "Applied", action: id })
    return this.#applied.get(id)
  }

  readonly revisionAfter = (block: BlockId, rev: number): CertifiedRevision | undefined => {
    const name = `${block} ${rev}`
    if (!this.#revisions.has(name)) throw new ViewFault({ _tag: "RevisionAfter", block, rev })
    return this.#revisions.get(name)
  }

  readonly entry = (collection: BlockId): CertifiedRevision | undefined => {
    if (!this.#entries.has(collection)) throw new ViewFault({ _tag: "Entry", collection })
    return this.#entries.get(collection)
  }

  readonly undecided = (author?: PublicKey): Undecided => this.#memory.votes.undecided(author)

  readonly promised = (): Iterable<readonly [ActionId, Votes]> => this.#memory.votes.all

  readonly votes = (id: ActionId): Votes | undefined => this.#memory.votes.get(id)

  /** Reads what was not in memory. */
  load(missing: Missing): Effect.Effect<void, ReadError> {
    const storage = this.#storage
    switch (missing._tag) {
      case "Block":
        return Effect.map(storage.state(missing.block), (state) => void this.blocks.set(missing.block, state))
      case "Transaction":
        return Effect.map(storage.transaction(missing.action), (record) => {
          this.#transactions.set(missing.action, record)
        })
      case "Applied":
        return Effect.map(this.#appliedIn(missing.action), (signed) => void this.#applied.set(missing.action, signed))
      case "Entry":
        return Effect.map(storage.entry(missing.collection), (entry) => {
          this.#entries.set(missing.collection, entry)
        })
      case "RevisionAfter":
        return Effect.map(this.#nextOf(missing.block, missing.rev), (next) => {
          this.#revisions.set(`${missing.block} ${missing.rev}`, next)
        })
    }
  }

  #appliedIn(action: ActionId): Effect.Effect<SignedManifest | undefined, ReadError> {
    return Effect.flatMap(this.#storage.transaction(action), (record) =>
      record?._tag === "Committed" ? this.#storage.expectManifest(action) : Effect.succeed(undefined)
    )
  }

  #nextOf(block: BlockId, rev: number): Effect.Effect<CertifiedRevision | undefined, ReadError> {
    return Effect.flatMap(this.#storage.revisions(block, { from: (rev + 1) as Rev, limit: 1 }), ([next]) =>
      next === undefined
        ? Effect.succeed(undefined)
        : Effect.zipWith(
            this.#storage.expectProof(next.actionId),
            this.#storage.expectManifest(next.actionId),
            (proof, signed) => ({ block, proof, signed })
          )
    )
  }
}
