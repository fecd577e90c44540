/** Runs an effect in virtual time, and gives what it gives. */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Entropy } from "../../services/Entropy.ts"
import * as Simulation from "../../simulator/Simulation.ts"

export const inSimulation = <A, E>(effect: Effect.Effect<A, E, Entropy>, seed: number | string = 1): A => {
  const { exit } = Simulation.run(effect, { seed })
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return exit.value
}
