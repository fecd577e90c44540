/** `optimystic node`: a node of a network. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { constants, several, text } from "./networkOptions.ts"
import { given, json, storage } from "./options.ts"
import { running } from "./run.ts"

const options = {
  allow: several("allow", "PEER", "In a private network: a peer that is dialled and answered. Without it, everybody."),
  announce: several("announce", "ADDRESS", "What others are told to dial, instead of where it listens."),
  bootstrap: several("bootstrap", "ADDRESS", "A node to join by: /ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…."),
  ...constants,
  directory: Options.optional(
    text("data", "DIR", "The directory of its key and its data, made where it is absent. Without it, in memory.")
  ),
  founders: several(
    "founder",
    "PEER",
    "Of a network that begins: one of its first nodes, of which there are at least K; the same on all of these. Nodes that join " +
      "later need none."
  ),
  identityFile: Options.optional(text("identity", "FILE", "The file of its key. Without it, identity.json in --data.")),
  listen: several("listen", "ADDRESS", "Where it listens: /ip4/0.0.0.0/tcp/4001. Without it nowhere, it only dials."),
  monitor: Options.optional(
    text(
      "monitor",
      "PORT",
      "Tells over HTTP how it is, to this machine: /metrics, /health, /ready. HOST:PORT tells others."
    )
  ),
  network: text("network", "NAME", "The name of the network."),
  storage
}

/** The command. */
export const node = Command.make("node", { json, ...options }, ({ json, monitor, network, ...rest }) =>
  running(
    { json },
    Effect.gen(function* () {
      const { monitored, run } = yield* Effect.promise(() => import("./networkNode.ts"))
      yield* run({ network, ...given(rest), ...(yield* monitored(monitor)) }, json)
    })
  )
).pipe(
  Command.withDescription(
    "Runs a node of a network until it is told to stop (Ctrl-C, SIGTERM): then it hangs up, closes its store, and ends with 0. It says who and " +
      "where it is once others can reach it, and when it is ready to serve. `optimystic identity` tells who it will be."
  )
)
