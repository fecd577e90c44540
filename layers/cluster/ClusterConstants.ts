import * as Effect from "effect/Effect"
import type { NetworkName } from "../../schemas/Manifest.ts"
import type { FaultModel } from "../../schemas/Proof.ts"
import { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { Verifier } from "../../services/Verifier.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"

/** What all nodes of a network have in common. Protocol §1. */
export interface ClusterConstants {
  readonly network: NetworkName
  readonly faultModel: FaultModel
  /** K: how many members each cluster has. */
  readonly clusterSize: number
}

/** The rules of a network, with the means of this node to check what they ask for. */
export const clusterRules = ({
  faultModel,
  network
}: ClusterConstants): Effect.Effect<ClusterRules, never, Hasher | KeyNetwork | Verifier> =>
  Effect.gen(function* () {
    const { hasRoster } = yield* KeyNetwork
    return { faultModel, hasRoster, hasher: yield* Hasher, network, verifier: yield* Verifier }
  })
