import type * as Effect from "effect/Effect"
import type { BlockHeader } from "../../schemas/Block.ts"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { Action, Placement } from "../../schemas/Collection.ts"
import type { BlockId, CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { atomically } from "../block/Atomic.ts"
import type { BlockFault, BlockReader, BlockStore } from "../block/BlockStore.ts"
import { type ProcedureFailure, runProcedure, tryProcedure } from "../block/procedure.ts"
import { type Mark, Tracker } from "../block/Tracker.ts"
import type { PinnedCollection } from "./PinnedCollection.ts"

/** What a procedure on a collection may fail with. */
export type ProcedureError = ReadError | ProcedureFailure

/** A change of blocks: what it gives, and the actions that the log is to keep of it. */
export type WriteProcedure<A> = (store: Tracker) => { readonly result: A; readonly actions: ReadonlyArray<Action> }

/** Makes the ids of the blocks that a transaction creates in one collection. */
export interface IdMaker {
  /** The id of a block that lives with the header, which these members keep. */
  readonly atHome: (members: ReadonlyArray<PeerId>, index: number) => BlockId
  /** The id of a block at a place of its own, and its members. Throws `NotEnoughPeers` where fewer than that are known. */
  readonly apart: (clusterSize: number, index: number) => readonly [id: BlockId, members: ReadonlyArray<PeerId>]
}

/** What a transaction does to one collection: the blocks it changes, and the actions its log is to keep. */
export class CollectionChanges {
  readonly pinned: PinnedCollection
  readonly #ids: IdMaker
  readonly #indexes = new Map<BlockId, number>()
  #tracker: Tracker
  #actions: Array<Action> = []
  /** The member set of a collection that this transaction creates, and where its data are to live. */
  #members: ReadonlyArray<PeerId> = []
  #placement: Placement = "together"

  constructor(pinned: PinnedCollection, ids: IdMaker) {
    this.pinned = pinned
    this.#ids = ids
    this.#tracker = this.#fresh()
  }

  get id(): CollectionId {
    return this.pinned.id
  }

  get tracker(): Tracker {
    return this.#tracker
  }

  get actions(): ReadonlyArray<Action> {
    return this.#actions
  }

  get members(): ReadonlyArray<PeerId> {
    return this.pinned.header?.members ?? this.#members
  }

  /** Whether there is anything to commit. */
  get isWritten(): boolean {
    return this.#tracker.changes.size > 0 || this.#actions.length > 0
  }

  /** The header as it is inside the transaction: undefined where the collection does not exist. */
  get header(): CollectionBlock | undefined {
    const change = this.#tracker.changes.get(this.id)
    return change === undefined ? this.pinned.header : (change.block as unknown as CollectionBlock | undefined)
  }

  /** The index at which a new block was allocated; part of its id. */
  indexOf(id: BlockId): number | undefined {
    return this.#indexes.get(id)
  }

  /** Runs a procedure that only reads. */
  read<A>(procedure: (reader: BlockReader) => A): Effect.Effect<A, ProcedureError> {
    return runProcedure(this.pinned, () => procedure(this.#tracker))
  }

  /** As `read`, at once; the fault where a block is not in memory. */
  tryRead<A>(procedure: (reader: BlockReader) => A): Effect.Effect<A, ProcedureFailure> | BlockFault {
    return tryProcedure(this.pinned, () => procedure(this.#tracker))
  }

  /** Runs a procedure that changes blocks, all of it or nothing, and keeps the actions it gives for the log. */
  write<A>(procedure: WriteProcedure<A>): Effect.Effect<A, ProcedureError> {
    return runProcedure(this.pinned, () => this.#apply(procedure))
  }

  /** As `write`, at once; the fault where a block is not in memory. */
  tryWrite<A>(procedure: WriteProcedure<A>): Effect.Effect<A, ProcedureFailure> | BlockFault {
    return tryProcedure(this.pinned, () => this.#apply(procedure))
  }

  #apply<A>(procedure: WriteProcedure<A>): A {
    const { actions, result } = atomically(this.#tracker, procedure)
    for (const action of actions) this.#actions.push(action)
    return result
  }

  /** Changes of the same state of the collection, from its beginning. */
  startOver(): CollectionChanges {
    return new CollectionChanges(this.pinned, this.#ids)
  }

  /** Creates the collection, whose blocks these members are to keep. */
  create(
    members: readonly [PeerId, ...Array<PeerId>],
    placement: Placement,
    header: (store: BlockStore) => CollectionBlock
  ): Effect.Effect<void, ProcedureError> {
    this.#members = members
    this.#placement = placement
    return runProcedure(this.pinned, () => atomically(this.#tracker, (store) => store.insert(header(store))))
  }

  /** Marks the present state, to return to. */
  mark(): ChangesMark {
    return { actions: this.#actions.length, tracker: this.#tracker.mark() }
  }

  release(mark: ChangesMark): void {
    this.#tracker.release(mark.tracker)
  }

  /** Returns to a mark; without one, to the beginning. */
  rollback(mark: ChangesMark | undefined): void {
    if (mark === undefined) this.#tracker = this.#fresh()
    else this.#tracker.rollback(mark.tracker)
    this.#actions.length = mark?.actions ?? 0
  }

  #fresh(): Tracker {
    return new Tracker(this.pinned, (type, index, role): BlockHeader => {
      const id = role === "data" && this.#isScattered ? this.#apart(index) : this.#ids.atHome(this.members, index)
      this.#indexes.set(id, index)
      return { collectionId: this.id, id, type }
    })
  }

  get #isScattered(): boolean {
    return (this.pinned.header?.placement ?? this.#placement) === "scatter"
  }

  #apart(index: number): BlockId {
    const [id, members] = this.#ids.apart(this.members.length, index)
    this.pinned.locate(id, members)
    return id
  }
}

/** A state of the changes that they can return to. */
export interface ChangesMark {
  readonly actions: number
  readonly tracker: Mark
}
