import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * Lets the timers and the I/O of the host run. An actor whose work never leaves memory would otherwise keep them waiting
 * for as long as it is busy. By default it does nothing, which is right in simulated time.
 */
export class HostTurn extends Context.Reference<HostTurn>()("optimystic/HostTurn", {
  defaultValue: (): Effect.Effect<void> => Effect.void
}) {}
