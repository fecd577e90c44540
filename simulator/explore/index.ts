/** Exhaustive search over the real member machine. Where to begin: `Explorer.ts`. */
export type { Configuration } from "./Configuration.ts"
export { configurations } from "./configurations.ts"
export { type Exploration, type ExploreOptions, explore, type Violation } from "./Explorer.ts"
export { type Machine, machine } from "./Machine.ts"
export { type Mutation, mutated, type Replacement } from "./Mutation.ts"
export { mutations } from "./mutations.ts"
