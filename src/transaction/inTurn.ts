import type * as Effect from "effect/Effect"
import type { CollectionId } from "../../schemas/Ids.ts"
import type { Turn } from "../../services/Transactor.ts"
import type { DatabaseService } from "./Database.ts"

/**
 * Runs an effect in the turn of its transaction on collections: first among those of this node, then among all that compete for
 * them. `attempts`: how often it was tried so far.
 */
export const inTurn = <A, E, R>(
  { transactor: { turns }, turnstile }: Pick<DatabaseService, "transactor" | "turnstile">,
  collections: ReadonlyArray<CollectionId>,
  attempts: number,
  use: (turn: Turn) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  turnstile.pass(collections, turns === undefined ? use("free") : turns.inTurn({ attempts, collections }, use))
