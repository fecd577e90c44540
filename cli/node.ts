/** `optimystic node`: a node of a network. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { given, json, storage } from "./options.ts"
import { running } from "./run.ts"

const text = (name: string, shown: string, description: string) =>
  Options.text(name).pipe(
    Options.filterMap((said) => Option.liftPredicate(said, (said) => said !== ""), `--${name} must not be empty`),
    Options.withPseudoName(shown),
    Options.withDescription(description)
  )
const several = (name: string, shown: string, description: string) =>
  Options.text(name).pipe(
    Options.withPseudoName(shown),
    Options.withDescription(`${description} May be given several times.`),
    Options.repeated,
    Options.map((all) => (all.length === 0 ? Option.none() : Option.some(all)))
  )

const options = {
  allow: several("allow", "PEER", "In a private network: a peer that is dialled and answered. Without it, everybody."),
  announce: several("announce", "ADDRESS", "What others are told to dial, instead of where it listens."),
  bootstrap: several("bootstrap", "ADDRESS", "A node to join by: /ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…."),
  clusterSize: Options.integer("cluster-size").pipe(
    Options.withPseudoName("K"),
    Options.withDescription("How many nodes keep a collection, the same on all nodes. Without it, 4."),
    Options.optional
  ),
  directory: Options.optional(
    text("data", "DIR", "The directory of its key and its data, made where it is absent. Without it, in memory.")
  ),
  faultModel: Options.choice("fault-model", ["byzantine", "crash"]).pipe(
    Options.withDescription("What may go wrong with other nodes, the same on all nodes. Without it, byzantine."),
    Options.optional
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
    { data: Option.getOrElse(rest.directory, () => ""), json },
    Effect.gen(function* () {
      const { monitored, run } = yield* Effect.promise(() => import("./networkNode.ts"))
      yield* run({ network, ...given(rest), ...(yield* monitored(monitor)) }, json)
    })
  )
).pipe(
  Command.withDescription(
    "Runs a node of a network until it is told to stop (Ctrl-C, SIGTERM): then it hangs up, closes its store, and ends with 130. It says who and " +
      "where it is once others can reach it, and when it is ready to serve. `optimystic identity` tells who it will be."
  )
)
