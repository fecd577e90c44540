import * as Effect from "effect/Effect"
import type { LogBlock } from "../../schemas/BlockTypes.ts"
import { Conflict, NotEnoughPeers } from "../../schemas/Errors.ts"
import type { CollectionId, PeerId } from "../../schemas/Ids.ts"
import type { Stamp } from "../../schemas/Manifest.ts"
import type { ReadError } from "../../services/StorageRepo.ts"
import { blockId, scatteredBlockId, scatteredPlace } from "../encoding/BlockIds.ts"
import { lastRev } from "../log/LogBlock.ts"
import { CollectionChanges } from "./CollectionChanges.ts"
import { newStamp } from "./newStamp.ts"
import { type CollectionEnds, PinnedCollection } from "./PinnedCollection.ts"
import { type EndsById, type LatestSource, latestOf, readEnds } from "./readEnds.ts"
import type { Session } from "./Session.ts"

/** The revision of a collection, by its ends; 0 where it does not exist. */
const revOf = (ends: CollectionEnds | undefined): number =>
  ends === undefined ? 0 : lastRev(ends.tail.block as unknown as LogBlock)

/**
 * One run of a transaction. Every collection it touches is read as of one revision, and all of these are of one instant:
 * a collection touched later is taken in only if those touched before have not changed since. Otherwise the attempt is
 * lost; the next one pins them all at once, so that it gets further.
 */
export class Attempt {
  readonly #session: Session
  readonly #collections = new Map<CollectionId, CollectionChanges>()
  /** Made by the first collection that is taken in on the way: most transactions know theirs from the start. */
  #pinning: Effect.Semaphore | undefined
  readonly #startedMillis: number
  /** How the ends of collections are read: of the clusters that keep them, or as far as this node knows. */
  readonly #latest: LatestSource
  /** Whether what it read may be past. */
  readonly isOptimistic: boolean
  /** What was asked for, also in vain: the next attempt pins it all at once. */
  readonly #touched = new Set<CollectionId>()
  #stamp: Stamp | undefined
  #lost = false

  /** `mayBePast`: what is read may be past; that is found out when the attempt ends. */
  constructor(session: Session, startedMillis: number, mayBePast: boolean) {
    const { transactor } = session
    this.#session = session
    this.#startedMillis = startedMillis
    this.isOptimistic = mayBePast && transactor.known !== undefined
    this.#latest = (this.isOptimistic ? transactor.known : undefined) ?? latestOf(transactor)
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

  /** A collection that was taken in before; undefined where it was not, or where the attempt is lost. */
  known(id: CollectionId): CollectionChanges | undefined {
    return this.#lost ? undefined : this.#collections.get(id)
  }

  /** A collection as this attempt sees it. */
  collection(id: CollectionId): Effect.Effect<CollectionChanges, ReadError | Conflict> {
    const known = this.#collections.get(id)
    if (known !== undefined) return this.#lost ? Effect.fail(this.lose()) : Effect.succeed(known)
    this.#pinning ??= Effect.unsafeMakeSemaphore(1)
    return this.#pinning.withPermits(1)(
      Effect.flatMap(
        Effect.suspend(() => this.pin([id])),
        () => Effect.succeed(this.#collections.get(id)!)
      )
    )
  }

  /** Takes collections in, all as of one instant with those taken in before. */
  pin(ids: ReadonlyArray<CollectionId>): Effect.Effect<void, ReadError | Conflict> {
    for (const id of ids) this.#touched.add(id)
    const before = [...this.#collections.values()].map(({ pinned }) => pinned)
    const added = ids.filter((id) => !this.#collections.has(id))
    return Effect.flatMap(readEnds(this.#session, this.#latest, [...before.map(({ id }) => id), ...added]), (ends) => {
      if (ends === undefined || before.some(({ id, rev }) => revOf(ends.get(id)) !== rev))
        return Effect.fail(this.lose())
      for (const id of added) this.#collections.set(id, this.#changes(this.#pinned(id, ends.get(id))))
      return Effect.void
    })
  }

  #pinned(id: CollectionId, ends: CollectionEnds | undefined): PinnedCollection {
    const { cache, transactor } = this.#session
    if (ends !== undefined) cache.observe(id, ends.tail, ends.tail.block as unknown as LogBlock, revOf(ends))
    return new PinnedCollection(id, revOf(ends), ends, cache, (reads) =>
      // Others have committed so often since that what this attempt is to read was dropped: the next one reads newer.
      Effect.tapErrorTag(transactor.get(reads), "RevisionPruned", () => Effect.sync(() => this.lose()))
    )
  }

  #changes(pinned: PinnedCollection): CollectionChanges {
    const { hasher, signer, transactor } = this.#session
    const source = (members: ReadonlyArray<PeerId>) => ({
      author: signer.publicKey,
      collection: pinned.id,
      members,
      stamp: this.stamp
    })
    return new CollectionChanges(pinned, {
      apart: (clusterSize, index) => {
        const members = transactor.membersAt(scatteredPlace(hasher, source([]), index))
        if (members.length < clusterSize) throw new NotEnoughPeers({ known: members.length, need: clusterSize })
        return [scatteredBlockId(hasher, source(members), index), members]
      },
      atHome: (members, index) => blockId(hasher, source(members), index)
    })
  }

  /** Drawn once, at the first action that needs it. */
  get stamp(): Stamp {
    this.#stamp ??= newStamp(this.#session.entropy, this.#startedMillis)
    return this.#stamp
  }

  /** Fails where what it read is past: for those who end without a commit that would find out. */
  readonly validate: Effect.Effect<void, ReadError | Conflict> = Effect.suspend(() => {
    if (!this.isOptimistic || this.#lost || this.#collections.size === 0) return Effect.void
    const { transactor } = this.#session
    return Effect.flatMap(readEnds(this.#session, latestOf(transactor), [...this.#collections.keys()]), (ends) =>
      this.#isAsOf(ends) ? Effect.void : Effect.fail(this.lose())
    )
  })

  /** Whether all that it read is still the latest, as far as this node knows. */
  readonly isCurrent: Effect.Effect<boolean, ReadError> = Effect.suspend(() => {
    const ids = [...this.#collections.keys()]
    return Effect.map(readEnds(this.#session, this.#latest, ids), (ends) => this.#isAsOf(ends))
  })

  #isAsOf(ends: EndsById | undefined): boolean {
    return [...this.#collections].every(([id, { pinned }]) => revOf(ends?.get(id)) === pinned.rev)
  }

  /** Gives the attempt up: another transaction was first. */
  lose(): Conflict {
    this.#lost = true
    return new Conflict({ attempts: 1, collections: this.touched })
  }
}
