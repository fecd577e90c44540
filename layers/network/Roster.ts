import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PeerId } from "../../schemas/Ids.ts"
import { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"

/** A declared roster: the same peers on all nodes, active or not, and nobody else. Protocol §1. */
export const layer = (peers: ReadonlyArray<PeerId>): Layer.Layer<KeyNetwork, never, Hasher> =>
  Layer.effect(
    KeyNetwork,
    Effect.map(Hasher, (hasher) => {
      const neighbourhood = new Neighbourhood(hasher, peers)
      const admitted = new Set(peers)
      return {
        closest: (block, count) => neighbourhood.closest(block, count),
        formerly: () => [],
        hasRoster: true,
        isAdmitted: (peer) => admitted.has(peer),
        lookup: (block, count) => Effect.sync(() => neighbourhood.closest(block, count))
      }
    })
  )
