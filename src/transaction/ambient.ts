import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as GlobalValue from "effect/GlobalValue"
import type { Attempt } from "./Attempt.ts"
import type { DatabaseService } from "./Database.ts"

/** A `Transaction.run`, as the calls inside it see it. */
export interface Level {
  readonly attempt: Attempt
  readonly database: DatabaseService
  /** Held while a run nested in this one is under way. */
  readonly nesting: Effect.Semaphore
  nested: boolean
}

/** The run that the present fiber is inside of. Inherited by the fibers it forks. */
export const ambient: FiberRef.FiberRef<Level | undefined> = GlobalValue.globalValue(
  Symbol.for("optimystic/ambient"),
  () => FiberRef.unsafeMake<Level | undefined>(undefined)
)

/** Runs an effect inside a level. */
export const within = <A, E, R>(level: Level, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.locally(effect, ambient, level)

/** What a call inside a run does: at once, or, while a nested run is under way, after it. */
export const inTurn = <A, E, R>(level: Level, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  level.nested ? level.nesting.withPermits(1)(effect) : effect

/** The outermost level of an attempt, or a level nested in another. */
export const levelOf = (attempt: Attempt, database: DatabaseService): Level => ({
  attempt,
  database,
  nested: false,
  nesting: Effect.unsafeMakeSemaphore(1)
})
