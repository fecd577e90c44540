/** Whole programs in virtual time from one seed, and checkers of what happened in them. */

export * as Prng from "../src/random/Prng.ts"
export * as StrictSerializability from "./checker/StrictSerializability.ts"
export * as Explore from "./explore/index.ts"
export * as SeededEntropy from "./SeededEntropy.ts"
export * as SeededRandom from "./SeededRandom.ts"
export * as Simulation from "./Simulation.ts"
export * as Trace from "./Trace.ts"
export * as ListAppend from "./workloads/ListAppend.ts"
