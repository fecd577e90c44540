import * as Layer from "effect/Layer"
import { Entropy, type EntropyService } from "../services/Entropy.ts"
import * as Prng from "../src/random/Prng.ts"

/** Random bytes drawn from a generator. */
export const make = (prng: Prng.Prng): EntropyService => ({ bytes: (count) => prng.bytes(count) })

/**
 * Random bytes of a seed. Give each simulated node its own, so that a draw at one does not shift those of the others.
 */
export const layer = (seed: number | string): Layer.Layer<Entropy> => Layer.sync(Entropy, () => make(Prng.make(seed)))
