/**
 * Transactions over any number of collections: all of it happens, or none.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Schedule from "effect/Schedule"
import { Conflict } from "../../schemas/Errors.ts"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { TransactionRef } from "../../schemas/Manifest.ts"
import type { TransactionStatus } from "../../schemas/Repo.ts"
import type { TransactError } from "../../services/Transactor.ts"
import { Attempt } from "./Attempt.ts"
import { ambient, Level, levelOn, within } from "./ambient.ts"
import type { ProcedureError } from "./CollectionChanges.ts"
import { type CommitError, commit } from "./commit.ts"
import { Database, type DatabaseService } from "./Database.ts"

/** What any transaction may fail with, beside the errors of its own. */
export type TransactionError = CommitError | ProcedureError

/** A way to run transactions that differs from the node's policy. */
export interface RunOptions {
  /** When to run again after a conflict. */
  readonly retry?: Schedule.Schedule<unknown>
}

/**
 * Runs an effect as one transaction. It reads a consistent snapshot of all collections that it touches, and its own
 * writes; what it wrote commits together, or not at all: when it fails, or is interrupted, nothing is written. When
 * another transaction changed what it read, it is run again under a policy, and in the end fails with `Conflict`; so its
 * other effects should bear repetition. A run inside a run joins it; if the inner one fails, its own writes are undone.
 */
export const run = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  options: RunOptions = {}
): Effect.Effect<A, E | TransactionError, R | Database> =>
  Effect.flatMap(Database, (database) =>
    Effect.flatMap(
      levelOn(database),
      (level): Effect.Effect<A, E | TransactionError, R> =>
        level === undefined ? runIn(database, effect, options) : nest(level, effect)
    )
  )

/**
 * Runs an effect outside of the transaction that its fiber is in: what it does commits by itself. For fibers that outlive
 * their transaction, and for what is to stay whatever becomes of it.
 */
export const outside = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locally(effect, ambient, undefined)

/** What is known of a transaction whose outcome was unknown: `OutcomeUnknown` again as long as nothing can be. */
export const outcome = (ref: TransactionRef): Effect.Effect<TransactionStatus, TransactError, Database> =>
  Effect.flatMap(Database, ({ transactor }) => transactor.status(ref))

/**
 * A new attempt that has everything pinned, as of one instant, that the one before touched. `mayBePast`: as far as this node
 * knows; to be validated when it ends.
 */
export const begin = (
  database: DatabaseService,
  collections: ReadonlyArray<CollectionId>,
  mayBePast = false
): Effect.Effect<Attempt, TransactionError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const attempt = new Attempt(database, now, mayBePast)
    return collections.length === 0 ? Effect.succeed(attempt) : Effect.as(attempt.pin(collections), attempt)
  })

/** `run` where no run is under way. */
export const runIn = <A, E, R>(
  database: DatabaseService,
  effect: Effect.Effect<A, E, R>,
  { retry = database.policy.retry }: RunOptions = {}
): Effect.Effect<A, E | TransactionError, R> =>
  attemptUntil(database, retry, [], (attempt) =>
    Effect.flatMap(FiberRef.get(ambient), (parent) => within(new Level(attempt, database, parent), effect))
  )

/** A transaction of one call, on a collection known beforehand: what `run` would do, without a level of its own. */
export const runCall = <A, E>(
  database: DatabaseService,
  collection: CollectionId,
  call: (attempt: Attempt) => Effect.Effect<A, E>
): Effect.Effect<A, E | TransactionError> => attemptUntil(database, database.policy.retry, [collection], call)

/** A transaction that comes upon new collections in every attempt does not go on for ever. */
const MAX_UNCOUNTED_COLLECTIONS = 1_000

/** Attempts a transaction until it does not lose, as a schedule allows. `touching` is pinned from the first attempt on. */
const attemptUntil = <A, E, R>(
  database: DatabaseService,
  retry: Schedule.Schedule<unknown>,
  touching: ReadonlyArray<CollectionId>,
  body: (attempt: Attempt) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | TransactionError, R> =>
  Effect.suspend(() => {
    const once = (touched: ReadonlyArray<CollectionId>, inTurn: boolean, mayBePast: boolean) =>
      Effect.flatMap(begin(database, touched, mayBePast), (attempt) =>
        tryOnce(database, attempt, body(attempt), inTurn)
      )
    /** After `lost`, which followed an attempt that began with `before` pinned. */
    const again = (
      lost: Lost,
      before: number,
      attempts: number,
      driver: Schedule.ScheduleDriver<unknown>
    ): Effect.Effect<A, E | TransactionError, R> => {
      const attempt = once(lost.touched, lost.atCommit, false)
      // What was lost to a race for a consistent snapshot needs no turn: the next attempt has it from the start.
      const next = Effect.flatMap(lost.atCommit ? database.turnstile.pass(lost.touched, attempt) : attempt, (result) =>
        result instanceof Lost ? again(result, lost.touched.length, attempts + 1, driver) : Effect.succeed(result.value)
      )
      // One that was lost as it came upon a further collection has made progress: it does not count.
      const count = lost.touched.length
      if (!lost.atCommit && count > before && count <= MAX_UNCOUNTED_COLLECTIONS) return next
      return Effect.matchEffect(driver.next(undefined), {
        onFailure: () => Effect.fail(new Conflict({ attempts, collections: lost.touched })),
        onSuccess: () => next
      })
    }
    return Effect.flatMap(once(touching, false, true), (result) =>
      result instanceof Lost
        ? Effect.flatMap(Schedule.driver(retry), (driver) => again(result, touching.length, 1, driver))
        : Effect.succeed(result.value)
    )
  })

/** An attempt that committed, and what its effect gave. */
interface Done<A> {
  readonly value: A
}

/** An attempt that lost to another transaction, and what it had touched. */
class Lost {
  readonly touched: ReadonlyArray<CollectionId>
  /** Whether it had got as far as to commit. */
  readonly atCommit: boolean
  constructor(touched: ReadonlyArray<CollectionId>, atCommit: boolean) {
    this.touched = touched
    this.atCommit = atCommit
  }
}

const tryOnce = <A, E, R>(
  database: DatabaseService,
  attempt: Attempt,
  effect: Effect.Effect<A, E, R>,
  inTurn: boolean
): Effect.Effect<Done<A> | Lost, E | TransactionError, R> =>
  Effect.flatMap(Effect.exit(effect), (exit): Effect.Effect<Done<A> | Lost, E | TransactionError> => {
    if (Exit.isFailure(exit)) {
      // It may have failed of what is past.
      const validated = attempt.isOptimistic && !attempt.isLost ? Effect.exit(attempt.validate) : Effect.void
      return Effect.zipRight(
        validated,
        Effect.suspend(() => lostOr(attempt, exit.cause, false))
      )
    }
    // Once the decision is under way it is waited for: an interruption comes before it or after it.
    const committing = Effect.uninterruptible(commit(database, attempt))
    return Effect.matchCauseEffect(inTurn ? committing : database.turnstile.pass(attempt.written, committing), {
      onFailure: (cause) => lostOr(attempt, cause, true),
      onSuccess: () => Effect.succeed({ value: exit.value })
    })
  })

/** A lost attempt fails for that reason, whatever its effect made of it: siblings that were interrupted belong to it. */
const lostOr = <E>(attempt: Attempt, cause: Cause.Cause<E>, atCommit: boolean): Effect.Effect<Lost, E> =>
  attempt.isLost && !Cause.isInterruptedOnly(cause)
    ? Effect.succeed(new Lost(attempt.touched, atCommit))
    : Effect.failCause(cause)

/** Runs an effect inside a run: its writes are undone if it fails. Nested runs of one level go one after another. */
const nest = <A, E, R>(level: Level, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  level.alone(
    Effect.acquireUseRelease(
      Effect.sync(() => new Map([...level.attempt.collections].map((changes) => [changes.id, changes.mark()]))),
      () => within(new Level(level.attempt, level.database, level), effect),
      (marks, exit) =>
        Effect.sync(() => {
          for (const changes of level.attempt.collections) {
            const mark = marks.get(changes.id)
            if (Exit.isFailure(exit)) changes.rollback(mark)
            else if (mark !== undefined) changes.release(mark)
          }
        })
    )
  )
