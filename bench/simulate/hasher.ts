import * as Effect from "effect/Effect"
import { NodeCrypto } from "effect-optimystic/layers"
import { Hasher } from "effect-optimystic/services"

/** What simulations hash with. */
export const hasher = Effect.runSync(Effect.provide(Hasher, NodeCrypto.layerHasher))
