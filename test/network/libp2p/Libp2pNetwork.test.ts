import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { peerNetwork, TwoPeers } from "../../conformance/peerNetwork.ts"
import { signerOf } from "../../storage/TestServices.ts"
import { acquainted, networkOf } from "./nodes.ts"

layer(
  Layer.scoped(
    TwoPeers,
    Effect.map(acquainted([1, 2]), ([asking, answering]) => ({
      absent: signerOf(3).peer,
      answering: networkOf(answering!),
      asking: networkOf(asking!)
    }))
  ),
  // Sockets take real time.
  { excludeTestServices: true }
)("Libp2pNetwork", (it) => {
  for (const { check, name } of peerNetwork) it.effect(name, () => check)
})
