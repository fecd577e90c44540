import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as GlobalValue from "effect/GlobalValue"
import { Invalid } from "../../schemas/Errors.ts"
import type { Attempt } from "./Attempt.ts"
import type { DatabaseService } from "./Database.ts"

/** More calls than are ever under way at once in one run. */
const EVERYBODY = 1_000_000

/** A `Transaction.run`, as the calls inside it see it. */
export class Level {
  readonly attempt: Attempt
  readonly database: DatabaseService
  /** The run that this one is nested in, or that was under way, on another database, when it started. */
  readonly parent: Level | undefined
  /** The calls of a run share its gate; a run nested in it has the gate to itself, so that it can undo what it wrote. */
  readonly #gate = Effect.unsafeMakeSemaphore(EVERYBODY)
  #nested = 0
  #isOver = false

  constructor(attempt: Attempt, database: DatabaseService, parent: Level | undefined) {
    this.attempt = attempt
    this.database = database
    this.parent = parent
  }

  /** Runs a call of this run; while a nested run is under way, after it. */
  call<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return this.#gate.withPermits(1)(effect)
  }

  /** Whether no nested run is under way, or waits for its turn: then what a call does at once needs no gate. */
  get isUndivided(): boolean {
    return this.#nested === 0
  }

  /** Runs a nested run, when no call and no other nested run is under way. */
  alone<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.acquireUseRelease(
      Effect.sync(() => {
        this.#nested++
      }),
      () => this.#gate.withPermits(EVERYBODY)(effect),
      () =>
        Effect.sync(() => {
          this.#nested--
        })
    )
  }

  /** The run has ended. Fibers that it forked, and that go on, are no part of it any more. */
  end(): void {
    this.#isOver = true
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Raises `Invalid` where the run has ended. */
  assertUnderWay(): void {
    if (this.#isOver) throw new Invalid({ reason: OVER })
  }
}

const OVER = "The transaction that this fiber was started in has ended; start the fiber with Transaction.outside"

/** The run that the present fiber is inside of. Inherited by the fibers it forks. */
export const ambient: FiberRef.FiberRef<Level | undefined> = GlobalValue.globalValue(
  Symbol.for("optimystic/ambient"),
  () => FiberRef.unsafeMake<Level | undefined>(undefined)
)

/** The innermost run on a database that the present fiber is inside of. */
export const levelOn = (database: DatabaseService): Effect.Effect<Level | undefined> =>
  Effect.map(FiberRef.get(ambient), (level) => find(level, (candidate) => candidate.database === database))

/**
 * The level through which the present fiber continues what was started at another one of the same attempt, such as a
 * stream: the innermost that it is in, as a run nested in the other one keeps the other one's gate.
 */
export const levelFor = (started: Level): Effect.Effect<Level> =>
  Effect.map(FiberRef.get(ambient), (level) => find(level, ({ attempt }) => attempt === started.attempt) ?? started)

const find = (level: Level | undefined, matches: (level: Level) => boolean): Level | undefined => {
  let candidate = level
  while (candidate !== undefined && !matches(candidate)) candidate = candidate.parent
  return candidate
}

/** Runs an effect inside a level, which ends with it. */
export const within = <A, E, R>(level: Level, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.ensuring(
    Effect.locally(effect, ambient, level),
    Effect.sync(() => level.end())
  )
