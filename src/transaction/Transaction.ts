/**
 * Transactions over any number of collections: all of it happens, or none.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import { Conflict } from "../../schemas/Errors.ts"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { TransactionRef } from "../../schemas/Manifest.ts"
import type { TransactionStatus } from "../../schemas/Repo.ts"
import type { TransactError } from "../../services/Transactor.ts"
import { traced } from "../tracing/traced.ts"
import { Attempt } from "./Attempt.ts"
import { ambient, Level, levelOn, within } from "./ambient.ts"
import type { ProcedureError } from "./CollectionChanges.ts"
import { type CommitError, commit } from "./commit.ts"
import { Database, type DatabaseService } from "./Database.ts"
import { inTurn } from "./inTurn.ts"
import { pausesOf } from "./Pauses.ts"

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
  traced("Transaction.run", () => {
    /** An attempt in its turn goes by what its node knows by then. */
    const once = (touched: ReadonlyArray<CollectionId>, hasTurn: boolean) =>
      Effect.flatMap(begin(database, touched, hasTurn), (attempt) =>
        tryOnce(attempt, body(attempt), (done) => conclude(database, attempt, done, hasTurn))
      )
    const first = Effect.flatMap(begin(database, touching, true), (attempt) =>
      tryOnce(attempt, body(attempt), (done) =>
        inTurn(database, attempt.written, 0, (turn) =>
          turn === "given" ? freshOr(attempt, done) : conclude(database, attempt, done, false)
        )
      )
    )
    /** Commits an attempt whose turn has come, unless others were there before: then it is made again at once. */
    const freshOr = (attempt: Attempt, done: Done<A>) =>
      Effect.flatMap(
        Effect.orElseSucceed(attempt.isCurrent, () => false),
        (isCurrent) => (isCurrent ? conclude(database, attempt, done, true) : once(attempt.touched, true))
      )
    /** After `lost`, which followed an attempt that began with `before` pinned. */
    const again = (
      lost: Lost,
      before: number,
      attempts: number,
      pauses: Effect.Effect<Duration.Duration, unknown>
    ): Effect.Effect<A, E | TransactionError, R> => {
      const { stage, touched } = lost
      const goOn = (result: Done<A> | Lost) =>
        result instanceof Lost ? again(result, touched.length, attempts + 1, pauses) : Effect.succeed(result.value)
      // What was lost to a race for a consistent snapshot needs no turn: the next attempt has it from the start.
      const byItself = stage === "body" ? once(touched, false) : database.turnstile.pass(touched, once(touched, false))
      // One that was lost as it came upon a further collection has made progress: it does not count.
      const isProgress = stage === "body" && touched.length > before && touched.length <= MAX_UNCOUNTED_COLLECTIONS
      if (isProgress) return Effect.flatMap(byItself, goOn)
      const next = (otherwise: typeof byItself) => afterTurn(database, lost, attempts, once(touched, true), otherwise)
      return Effect.matchEffect(pauses, {
        onFailure: () => Effect.fail(new Conflict({ attempts, collections: touched })),
        onSuccess: (millis) => {
          const pause = Effect.sleep(millis)
          // Waiting for a turn is a pause, unless the turn before was no better than none.
          const result =
            stage === "turn" ? Effect.zipRight(pause, next(byItself)) : next(Effect.zipRight(pause, byItself))
          return Effect.flatMap(result, goOn)
        }
      })
    }
    return Effect.flatMap(first, (result) =>
      result instanceof Lost
        ? Effect.flatMap(pausesOf(retry), (pauses) => again(result, touching.length, 1, pauses))
        : Effect.succeed(result.value)
    )
  })

/**
 * Where a lost attempt wrote to what others compete for: the next one, once its turn has come. `otherwise` where nobody competes,
 * or the turn does not come.
 */
const afterTurn = <A, E, R>(
  database: DatabaseService,
  { stage, touched, wrote }: Lost,
  attempts: number,
  inItsTurn: Effect.Effect<A, E, R>,
  otherwise: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  const { turns } = database.transactor
  if (turns === undefined || stage === "body" || !wrote) return otherwise
  return Effect.flatMap(turns.isContended(touched), (isContended) =>
    isContended
      ? Effect.flatMap(
          inTurn(database, touched, attempts, (turn) =>
            turn === "given" ? Effect.map(inItsTurn, Option.some) : Effect.succeedNone
          ),
          Option.match({ onNone: () => otherwise, onSome: Effect.succeed })
        )
      : otherwise
  )
}

/** An attempt that committed, and what its effect gave. */
interface Done<A> {
  readonly value: A
}

/** How far an attempt had got: it ran, it was to be committed, or that in its turn. */
type Stage = "body" | "commit" | "turn"

/** An attempt that lost to another transaction, and what it had touched. */
class Lost {
  readonly touched: ReadonlyArray<CollectionId>
  readonly stage: Stage
  /** Whether it would have written anything. */
  readonly wrote: boolean
  constructor({ touched, written }: Attempt, stage: Stage) {
    this.touched = touched
    this.stage = stage
    this.wrote = written.length > 0
  }
}

/** Runs the effect of an attempt, and then what commits it. */
const tryOnce = <A, E, R, R2>(
  attempt: Attempt,
  effect: Effect.Effect<A, E, R>,
  commitIt: (done: Done<A>) => Effect.Effect<Done<A> | Lost, E | TransactionError, R2>
): Effect.Effect<Done<A> | Lost, E | TransactionError, R | R2> =>
  Effect.flatMap(Effect.exit(effect), (exit): Effect.Effect<Done<A> | Lost, E | TransactionError, R2> => {
    if (Exit.isSuccess(exit)) return commitIt({ value: exit.value })
    // It may have failed of what is past.
    const validated = attempt.isOptimistic && !attempt.isLost ? Effect.exit(attempt.validate) : Effect.void
    return Effect.zipRight(
      validated,
      Effect.suspend(() => lostOr(attempt, exit.cause, "body"))
    )
  })

/** Commits an attempt. */
const conclude = <A>(database: DatabaseService, attempt: Attempt, done: Done<A>, hasTurn: boolean) =>
  // Once the decision is under way it is waited for: an interruption comes before it or after it.
  Effect.matchCauseEffect(Effect.uninterruptible(commit(database, attempt)), {
    onFailure: (cause) => lostOr(attempt, cause, hasTurn ? "turn" : "commit"),
    onSuccess: (): Effect.Effect<Done<A> | Lost, TransactionError> => Effect.succeed(done)
  })

/** A lost attempt fails for that reason, whatever its effect made of it: siblings that were interrupted belong to it. */
const lostOr = <E>(attempt: Attempt, cause: Cause.Cause<E>, stage: Stage): Effect.Effect<Lost, E> =>
  attempt.isLost && !Cause.isInterruptedOnly(cause) ? Effect.succeed(new Lost(attempt, stage)) : Effect.failCause(cause)

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
