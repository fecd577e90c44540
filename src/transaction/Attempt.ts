import * as Effect from "effect/Effect"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { Conflict, Invalid } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import type { Stamp } from "../../schemas/Manifest.ts"
import type { StoredBlock } from "../../schemas/Repo.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import * as Base32 from "../encoding/Base32.ts"
import { blockId } from "../encoding/BlockIds.ts"
import { lastRev } from "../log/LogBlock.ts"
import { CollectionChanges } from "./CollectionChanges.ts"
import { PinnedCollection } from "./PinnedCollection.ts"
import type { Session } from "./Session.ts"

const CLOSED = "The transaction that this fiber was started in has ended; start it with Transaction.outside"
/** Bytes of randomness in a stamp's nonce. */
const NONCE_BYTES = 16
/** Reading the ends of collections in one go is tried again while their logs roll over. */
const MAX_PIN_ROUNDS = 100

/**
 * One run of a transaction. Every collection it touches is read as of one revision, and all of these are of one instant:
 * a collection touched later is taken in only if those touched before have not changed since. Otherwise the attempt is
 * lost; the next one pins them all at once, so that it gets further.
 */
export class Attempt {
  readonly #session: Session
  readonly #collections = new Map<CollectionId, CollectionChanges>()
  readonly #pinning = Effect.unsafeMakeSemaphore(1)
  readonly #startedMillis: number
  /** What was asked for, also in vain: the next attempt pins it all at once. */
  readonly #touched = new Set<CollectionId>()
  #stamp: Stamp | undefined
  #lost = false
  #closed = false

  constructor(session: Session, startedMillis: number) {
    this.#session = session
    this.#startedMillis = startedMillis
  }

  /** Whether this attempt cannot commit any more, whatever it does. */
  get isLost(): boolean {
    return this.#lost
  }

  /** The collections touched so far. */
  get touched(): ReadonlyArray<CollectionId> {
    return [...this.#touched]
  }

  get collections(): Iterable<CollectionChanges> {
    return this.#collections.values()
  }

  /** The collections that this attempt would write. */
  get written(): ReadonlyArray<CollectionId> {
    const ids: Array<CollectionId> = []
    for (const changes of this.#collections.values()) if (changes.isWritten) ids.push(changes.id)
    return ids
  }

  /** The run has ended: fibers that it forked, and that go on, are no part of it any more. */
  close(): void {
    this.#closed = true
  }

  /** A collection as this attempt sees it. */
  collection(id: CollectionId): Effect.Effect<CollectionChanges, ReadError | Conflict | Invalid> {
    if (this.#closed) return Effect.fail(new Invalid({ reason: CLOSED }))
    const known = this.#collections.get(id)
    if (known !== undefined) return this.#lost ? Effect.fail(this.lose()) : Effect.succeed(known)
    return this.#pinning.withPermits(1)(
      Effect.flatMap(
        Effect.suspend(() => this.pin([id])),
        () => Effect.succeed(this.#collections.get(id)!)
      )
    )
  }

  /** Takes collections in, all as of one instant with those taken in before. */
  readonly pin = Effect.fnUntraced(function* (
    this: Attempt,
    ids: ReadonlyArray<CollectionId>
  ): Effect.fn.Return<void, ReadError | Conflict> {
    const { cache, transactor } = this.#session
    const added = ids.filter((id) => !this.#collections.has(id))
    for (const id of added) this.#touched.add(id)
    const before = [...this.#collections.values()].map(({ pinned }) => pinned)
    const tails = new Map<CollectionId, BlockId | undefined>(added.map((id) => [id, cache.tailHint(id)]))
    for (let round = 0; round < MAX_PIN_ROUNDS; round++) {
      const asked: Array<BlockId> = before.map(({ id, tail }) => tail?.header.id ?? id)
      for (const id of added) {
        const tail = tails.get(id)
        asked.push(id)
        if (tail !== undefined) asked.push(tail)
      }
      const found = yield* transactor.get(asked.map((id) => ({ id })))
      for (let i = 0; i < before.length; i++) {
        const { rev, tail } = before[i]!
        const now = found[i]?.block as LogBlock | undefined
        const revNow = now === undefined ? 0 : now.next === undefined ? lastRev(now) : Number.POSITIVE_INFINITY
        if (revNow !== (tail === undefined ? 0 : rev)) return yield* this.lose()
      }
      const byId = new Map<BlockId, StoredBlock | undefined>(asked.map((id, i) => [id, found[i]]))
      let complete = true
      for (const id of added) {
        const header = byId.get(id)
        const open = (header?.block as CollectionBlock | undefined)?.log.tail
        if (open !== tails.get(id)) {
          tails.set(id, open)
          complete = complete && open === undefined
        }
      }
      if (!complete) continue
      for (const id of added) this.#collections.set(id, this.#changes(this.#pinnedAt(id, byId, tails.get(id))))
      return
    }
    return yield* this.lose()
  })

  #pinnedAt(
    id: CollectionId,
    found: ReadonlyMap<BlockId, StoredBlock | undefined>,
    open: BlockId | undefined
  ): PinnedCollection {
    const { cache, transactor } = this.#session
    const header = found.get(id)
    const tail = open === undefined ? undefined : found.get(open)
    if (header === undefined || tail?.block === undefined)
      return new PinnedCollection(id, 0, undefined, cache, transactor)
    const log = tail.block as unknown as LogBlock
    const rev = lastRev(log)
    cache.observe(id, tail, log, rev)
    return new PinnedCollection(id, rev, { header, tail }, cache, transactor)
  }

  #changes(pinned: PinnedCollection): CollectionChanges {
    const { hasher, signer } = this.#session
    return new CollectionChanges(pinned, (members, index) =>
      blockId(hasher, { author: signer.publicKey, collection: pinned.id, members, stamp: this.stamp }, index)
    )
  }

  /** Drawn once, at the first action that needs it. */
  get stamp(): Stamp {
    this.#stamp ??= { nonce: Base32.encode(this.#session.entropy.bytes(NONCE_BYTES)), time: this.#startedMillis }
    return this.#stamp
  }

  /** Gives the attempt up: another transaction was first. */
  lose(): Conflict {
    this.#lost = true
    return new Conflict({ attempts: 1, collections: this.touched })
  }
}
