/** A process with a peer that sends back what it is asked. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Libp2pHost } from "effect-optimystic/libp2p"
import { Discovery, PeerNetwork } from "effect-optimystic/services"
import { serve } from "../processes/serve.ts"
import { EchoRpcs } from "./EchoRpcs.ts"
import { BARE_ECHO, echo, peerLayer } from "./echo.ts"

const handlers = EchoRpcs.toLayer(
  Effect.gen(function* () {
    const { node, self } = yield* Libp2pHost.Libp2pHost
    const network = yield* PeerNetwork
    yield* network.serve(echo, (_from, text) => Effect.succeed(text))
    yield* Effect.promise(() =>
      node.handle(BARE_ECHO, (stream) => {
        stream.addEventListener("message", ({ data }) => {
          stream.send(data)
        })
      })
    )
    const { addresses } = yield* Discovery
    return { Started: () => Effect.map(addresses, (found) => ({ addresses: found, peer: self })) }
  })
)

serve(EchoRpcs, Layer.provide(handlers, peerLayer(2)))
