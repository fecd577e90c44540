/** `optimystic cluster`: a network of node processes on this machine. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { constants, text } from "./networkOptions.ts"
import { given, json, storage } from "./options.ts"
import { running } from "./run.ts"

/** Each with each other, more processes are more than a machine has use for. */
const MAX_NODES = 64
const DEFAULT_NODES = 4
const DEFAULT_NETWORK = "local"

const options = {
  ...constants,
  directory: Options.optional(
    text(
      "data",
      "DIR",
      "The directory of all their directories, made where it is absent. Without it a temporary one, removed at the end."
    )
  ),
  network: text("network", "NAME", `The name of the network. Without it, ${DEFAULT_NETWORK}.`).pipe(
    Options.withDefault(DEFAULT_NETWORK)
  ),
  nodes: Options.integer("nodes").pipe(
    Options.filterMap(
      (n) => Option.liftPredicate(n, (n) => n >= 1 && n <= MAX_NODES),
      `--nodes must be from 1 to ${MAX_NODES}`
    ),
    Options.withPseudoName("N"),
    Options.withDefault(DEFAULT_NODES),
    Options.withDescription(`How many nodes, each in a process of its own. Without it, ${DEFAULT_NODES}.`)
  ),
  storage
}

/** The command. */
export const cluster = Command.make("cluster", { json, ...options }, ({ json, network, nodes, ...rest }) =>
  running(
    { json },
    Effect.gen(function* () {
      const { run } = yield* Effect.promise(() => import("./localNetwork.ts"))
      yield* run({ network, nodes, ...given(rest) }, { json })
    })
  )
).pipe(
  Command.withDescription(
    "Runs a network of nodes on this machine, for trials, until it is told to stop (Ctrl-C, SIGTERM): then it stops all, and ends with 0. It says where " +
      "they are once all can serve, and which one has ended where one does."
  )
)
