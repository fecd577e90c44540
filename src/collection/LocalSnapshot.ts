import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Action } from "../../schemas/Collection.ts"
import { CollectionNotFound, Conflict, type DecodeError, Invalid, LimitExceeded } from "../../schemas/Errors.ts"
import type { StampId } from "../../schemas/Ids.ts"
import { hashText, stampId } from "../encoding/BlockIds.ts"
import type { Attempt } from "../transaction/Attempt.ts"
import { levelOn } from "../transaction/ambient.ts"
import type { CollectionChanges } from "../transaction/CollectionChanges.ts"
import { type CommitError, commit } from "../transaction/commit.ts"
import { inTurn } from "../transaction/inTurn.ts"
import { begin } from "../transaction/Transaction.ts"
import type { Actions } from "./Actions.ts"
import type { CollectionError, OpenCollection, Read } from "./Collection.ts"
import { MAX_PENDING_ACTIONS } from "./limits.ts"
import { bytesOf, filterSince, replay, stampAfter } from "./Replay.ts"
import type { Snapshot, UpdateError } from "./Snapshot.ts"

/** A transaction of the snapshot that is committed, or may be: if so, it follows right after the snapshot's revision. */
interface Landing {
  readonly stamp: StampId
  /** How many of the first pending actions it has. */
  readonly count: number
  readonly isCertain: boolean
}

/** Transactions whose outcome is unknown, of one revision. */
const MAX_LANDINGS = 100

/**
 * The working part of local snapshots: a state, and actions that follow it. What an update makes of them takes their place
 * in one step. One exchange with others is under way at a time; actions are added beside it. Decision 9.
 */
export class LocalSnapshot<A> implements Snapshot<A> {
  readonly #collection: OpenCollection
  readonly #actions: Actions<A>
  /** Never committed itself: what is committed is made anew from its actions. */
  #view: CollectionChanges
  #viewBytes = 0
  #landings: ReadonlyArray<Landing> = []
  readonly #exchange = Effect.unsafeMakeSemaphore(1)
  /** Held while actions are added, and while another view takes the place of this one. */
  readonly #acting = Effect.unsafeMakeSemaphore(1)

  constructor(collection: OpenCollection, actions: Actions<A>, view: CollectionChanges) {
    this.#collection = collection
    this.#actions = actions
    this.#view = view
  }

  get rev(): number {
    return this.#view.pinned.rev
  }

  /** Reads, all of the state as it is now; own actions are seen as they come. */
  readonly reader: Effect.Effect<Read> = Effect.sync(() => readOf(this.#view))

  readonly read: Read = (procedure) => Effect.suspend(() => readOf(this.#view)(procedure))

  readonly pending: Effect.Effect<ReadonlyArray<A>, DecodeError> = Effect.suspend(() =>
    Either.map(Either.all(this.#view.actions.slice(this.#landed).map(this.#actions.decode)), (all) => all.flat())
  )

  readonly update: Effect.Effect<void, UpdateError> = Effect.suspend(() => this.#exchange.withPermits(1)(this.#catchUp))

  readonly sync: Effect.Effect<void, UpdateError> = Effect.suspend(() => this.#byItself(this.#inTurn(this.#commit)))

  readonly updateAndSync: Effect.Effect<void, UpdateError> = Effect.suspend(() => {
    let attempts = 0
    const once = Effect.suspend(() => {
      attempts++
      return Effect.zipRight(this.#catchUp, this.#commit)
    })
    const { retry } = this.#collection.database.policy
    return Effect.mapError(
      this.#byItself(Effect.retry(this.#inTurn(once), { schedule: retry, while: isConflict })),
      (error) => (isConflict(error) ? new Conflict({ attempts, collections: error.collections }) : error)
    )
  })

  /** Adds actions and does them to the state: all, or none. Gives what each of them gives. */
  act(actions: ReadonlyArray<A>): Effect.Effect<ReadonlyArray<unknown>, CollectionError> {
    return Effect.flatMap(
      Effect.suspend(() => Either.all(actions.map(this.#actions.encode))),
      (logged) => this.#acting.withPermits(1)(Effect.suspend(() => this.#add(logged, bytesOf(logged))))
    )
  }

  #add(logged: ReadonlyArray<Action>, bytes: number): Effect.Effect<ReadonlyArray<unknown>, CollectionError> {
    const view = this.#view
    return view.write((store) => {
      this.#checkRoom(view.actions.length + logged.length, this.#viewBytes + bytes)
      const result = logged.map((action) => this.#actions.perform(store, view.header!, action).result)
      // Nothing can fail from here on.
      this.#viewBytes += bytes
      return { actions: logged, result }
    })
  }

  /** What could not be committed as one transaction is not to pile up. */
  #checkRoom(count: number, bytes: number): void {
    const { maxTransactionBytes } = this.#collection.database.limits
    if (count > MAX_PENDING_ACTIONS) {
      throw new LimitExceeded({ actual: count, limit: MAX_PENDING_ACTIONS, what: "the number of pending actions" })
    }
    if (bytes > maxTransactionBytes) {
      throw new LimitExceeded({ actual: bytes, limit: maxTransactionBytes, what: "the size of the pending actions" })
    }
  }

  discard(choose?: (action: A) => boolean): Effect.Effect<void, UpdateError> {
    const drop = Effect.suspend(() => {
      const landed = this.#landings.filter(({ isCertain }) => isCertain)
      const [committed, pending] = [this.#view.actions.slice(0, this.#landed), this.#view.actions.slice(this.#landed)]
      const kept =
        choose === undefined
          ? Either.right([])
          : Either.map(Either.all(pending.map(this.#actions.decode)), (decoded) =>
              pending.filter((_, i) => !decoded[i]!.every(choose))
            )
      // A transaction that turns out to be committed after all, with what is discarded here, is then like one of others.
      return Effect.flatMap(kept, (logged) => this.#replace(this.#view.startOver(), [...committed, ...logged], landed))
    })
    return this.#exchange.withPermits(1)(this.#acting.withPermits(1)(drop))
  }

  /** How many of the actions are known to be committed, though the view is still of the revision before. */
  get #landed(): number {
    return this.#landings.find(({ isCertain }) => isCertain)?.count ?? 0
  }

  /** Runs what commits, but not inside of a transaction. */
  #byItself(effect: Effect.Effect<void, UpdateError>): Effect.Effect<void, UpdateError> {
    return Effect.flatMap(levelOn(this.#collection.database), (level) =>
      level === undefined ? this.#exchange.withPermits(1)(effect) : Effect.fail(new Invalid({ reason: INSIDE }))
    )
  }

  #inTurn(effect: Effect.Effect<void, UpdateError>): Effect.Effect<void, UpdateError> {
    const { database, id } = this.#collection
    return inTurn(database, [id], 0, () => effect)
  }

  /** An attempt that starts from the latest state. */
  get #latest(): Effect.Effect<readonly [Attempt, CollectionChanges], CollectionError> {
    const { database, id } = this.#collection
    return Effect.flatMap(begin(database, [id]), (attempt) =>
      Effect.map(attempt.collection(id), (changes) => [attempt, changes])
    )
  }

  /** Goes on to the latest state. */
  get #catchUp(): Effect.Effect<void, UpdateError> {
    return Effect.flatMap(this.#latest, ([, latest]) => {
      const isLatest = latest.pinned.rev === this.rev && this.#landed === 0
      return isLatest ? Effect.void : this.#acting.withPermits(1)(this.#rebase(latest))
    })
  }

  /** Takes in what this snapshot has committed, where that is still to be done. */
  get #settle(): Effect.Effect<void, UpdateError> {
    return Effect.suspend(() => (this.#landed > 0 ? this.#catchUp : Effect.void))
  }

  #rebase(latest: CollectionChanges): Effect.Effect<void, UpdateError> {
    const { hasher } = this.#collection.database
    const base = this.rev
    return Effect.flatMap(stampAfter(latest, base), (stamp) => {
      const landing = this.#landings.find((own) => own.stamp === stamp)
      if (landing === undefined && this.#landed > 0) return Effect.dieMessage("what was committed is not in the log")
      const own = this.#view.actions.slice(landing?.count ?? 0)
      const others = landing === undefined ? base : base + 1
      const filtered = filterSince(this.#actions, latest, (text) => hashText(hasher, text), others, own)
      return Effect.flatMap(filtered, (kept) => this.#replace(latest, kept))
    })
  }

  /** Puts a state with these actions in the place of the present one. */
  #replace(
    state: CollectionChanges,
    logged: ReadonlyArray<Action>,
    landings: ReadonlyArray<Landing> = []
  ): Effect.Effect<void, UpdateError> {
    return Effect.map(replay(this.#actions, state, logged, "whole"), () => {
      this.#view = state
      this.#viewBytes = bytesOf(logged)
      this.#landings = landings
    })
  }

  /** Commits what is pending, if it is of the latest state. */
  get #commit(): Effect.Effect<void, UpdateError> {
    return Effect.zipRight(
      this.#settle,
      Effect.suspend(() => {
        const logged = [...this.#view.actions]
        if (logged.length === 0) return Effect.void
        if (this.#landings.length >= MAX_LANDINGS) return Effect.fail(new LimitExceeded(UNDECIDED))
        return Effect.flatMap(this.#latest, ([attempt, changes]) =>
          changes.pinned.rev === this.rev
            ? Effect.flatMap(replay(this.#actions, changes, logged, "effective"), () =>
                changes.isWritten ? this.#land(attempt, logged.length) : this.#drop(logged.length)
              )
            : Effect.fail(attempt.lose())
        )
      })
    )
  }

  /** Commits an attempt. Nothing comes between the decision and the note of it. */
  #land(attempt: Attempt, count: number): Effect.Effect<void, UpdateError> {
    const { database } = this.#collection
    const landing = { count, stamp: stampId(database.hasher, database.signer.publicKey, attempt.stamp) }
    const before = this.#landings
    const note = (landings: ReadonlyArray<Landing>) =>
      Effect.sync(() => {
        this.#landings = landings
      })
    return Effect.uninterruptibleMask((restore) =>
      note([...before, { ...landing, isCertain: false }]).pipe(
        Effect.zipRight(commit(database, attempt)),
        Effect.tapError((error) => (hasFailed(error) ? note(before) : Effect.void)),
        Effect.zipRight(note([{ ...landing, isCertain: true }])),
        // It is committed, whatever becomes of this: what cannot be taken in now, the next call takes in.
        Effect.zipRight(Effect.ignore(restore(this.#catchUp)))
      )
    )
  }

  /** Gives up the first actions, which change nothing where they stand. */
  #drop(count: number): Effect.Effect<void, UpdateError> {
    return this.#acting.withPermits(1)(
      Effect.suspend(() => this.#replace(this.#view.startOver(), this.#view.actions.slice(count)))
    )
  }
}

const INSIDE = "A local snapshot commits by itself: call it outside of the transaction, or with Transaction.outside"

const UNDECIDED = {
  actual: MAX_LANDINGS,
  limit: MAX_LANDINGS,
  what: "the number of transactions of a local snapshot whose outcome is unknown"
}

const isConflict = (error: UpdateError): error is Conflict => error._tag === "Conflict"

/** Whether a transaction that failed so is certainly not committed. */
const hasFailed = (error: CommitError): boolean =>
  error._tag === "Conflict" || error._tag === "Invalid" || error._tag === "LimitExceeded"

const readOf =
  (view: CollectionChanges): Read =>
  (procedure) =>
    view.read((reader) => procedure(reader, view.header!, view.actions))

/** Opens a local snapshot of the latest state. */
export const make = <A>(
  collection: OpenCollection,
  actions: Actions<A>
): Effect.Effect<LocalSnapshot<A>, CollectionError> =>
  Effect.flatMap(collection.snapshot, ({ changes }) =>
    changes.header === undefined
      ? Effect.fail(new CollectionNotFound({ name: actions.name }))
      : Effect.succeed(new LocalSnapshot(collection, actions, changes))
  )

/** What programs have of a local snapshot, beside what only its kind of collection has. */
export const publicOf = <A, Own extends object>(local: LocalSnapshot<A>, own: Own): Own & Snapshot<A> => ({
  ...own,
  discard: (choose) => local.discard(choose),
  pending: local.pending,
  // Grows with updates: not to be copied.
  get rev() {
    return local.rev
  },
  sync: local.sync,
  update: local.update,
  updateAndSync: local.updateAndSync
})
