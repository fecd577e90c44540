/** A process that sends back what it is asked: prints its id and its address, and ends with its standard input. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import { Libp2pHost } from "effect-optimystic/libp2p"
import { Discovery, PeerNetwork } from "effect-optimystic/services"
import { BARE_ECHO, echo, peerLayer } from "./echo.ts"

const program = Effect.gen(function* () {
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
  console.log(JSON.stringify({ addresses: yield* addresses, peer: self }))
  yield* Effect.async<void>((resume) => {
    process.stdin.resume().on("end", () => resume(Effect.void))
  })
})

NodeRuntime.runMain(Effect.scoped(Effect.provide(program, peerLayer(2))))
