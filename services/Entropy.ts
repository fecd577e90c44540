import * as Context from "effect/Context"

/** Random bytes. Unpredictable in production, replayable from a seed in tests and simulations. */
export interface EntropyService {
  /** `count` fresh random bytes. Synchronous. */
  readonly bytes: (count: number) => Uint8Array
}

/** The port for randomness. */
export class Entropy extends Context.Tag("optimystic/Entropy")<Entropy, EntropyService>() {}
