import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ClusterClient } from "../../services/ClusterClient.ts"
import { ClusterMember } from "../../services/ClusterMember.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { memberProtocol } from "../../src/cluster/protocols.ts"
import { answerOrBusy } from "./ClusterService.ts"

/** Asks members over the network, and this node's own without one. */
export const layer: Layer.Layer<ClusterClient, never, ClusterMember | PeerNetwork> = Layer.effect(
  ClusterClient,
  Effect.gen(function* () {
    const member = yield* ClusterMember
    const network = yield* PeerNetwork
    return {
      ask: (peer, request) =>
        peer === network.self ? answerOrBusy(member, request) : network.ask(memberProtocol, peer, request),
      self: network.self
    }
  })
)
