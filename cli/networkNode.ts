/** A node of a network as commands run it: loaded only when one does. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as MonitorOptions from "../layers/monitor/MonitorOptions.ts"
import type { NetworkNodeOptions } from "../layers/NetworkNodeOptions.ts"
import * as Node from "../layers/Node.ts"
import { Discovery } from "../services/Discovery.ts"
import { Signer } from "../services/Signer.ts"
import { print } from "./run.ts"

/** Who the node of a directory is. */
export const { peerIn } = Node

/** Where a node is monitored, if it is. */
export const monitored = (text: Option.Option<string>) =>
  Option.match(text, {
    onNone: () => Effect.succeed({}),
    onSome: (text) => Effect.map(MonitorOptions.parse(text), (monitor) => ({ monitor }))
  })

/** Waits until the process that started this one, and keeps a channel to it, is gone; for ever where none does. */
const deserted = Effect.async<void>((resume) => {
  const onGone = () => resume(Effect.void)
  if (process.channel !== undefined) process.once("disconnect", onGone)
  return Effect.sync(() => process.off("disconnect", onGone))
})

/** Runs a node until it is interrupted. */
export const run = (options: NetworkNodeOptions, json: boolean) =>
  Effect.gen(function* () {
    const { peer } = yield* Signer
    const addresses = yield* Effect.flatMap(Discovery, (discovery) => discovery.addresses)
    const shown = { json }
    const reached = addresses.map((address) => `${address}/p2p/${peer}`)
    yield* print(shown, [
      {
        object: { event: "started", peer, addresses },
        text: [`node ${peer}`, ...reached.map((address) => `reached at ${address}`)].join("\n")
      }
    ])
    yield* Node.ready(options.clusterSize)
    yield* print(shown, [{ object: { event: "ready", peer }, text: "ready" }])
    yield* deserted
  }).pipe(Effect.provide(Node.layer(options)))
