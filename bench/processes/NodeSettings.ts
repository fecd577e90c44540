import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { ParseError } from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Node } from "effect-optimystic"
import { Identity } from "effect-optimystic/layers"
import { FaultModel, PeerId } from "effect-optimystic/schemas"

/** A port of its own for each node, which the system chooses. */
const ANY_PORT = "/ip4/127.0.0.1/tcp/0"
const SEED_BYTES = 32

/** A node on loopback, as its process is told to start it: options of `Node.layer` that cross to another process. */
export const NodeSettings = Schema.Struct({
  bootstrap: Schema.Array(Schema.String),
  clusterSize: Schema.Int,
  /** Where its data and its key are; without it in memory. */
  directory: Schema.optionalWith(Schema.String, { exact: true }),
  faultModel: FaultModel,
  founders: Schema.optionalWith(Schema.Array(PeerId), { exact: true }),
  network: Schema.String,
  roster: Schema.optionalWith(Schema.Array(PeerId), { exact: true }),
  /** Who it is, by the byte that its key is made of; without it the key in its directory. */
  seed: Schema.optionalWith(Schema.Int, { exact: true })
})
export type NodeSettings = typeof NodeSettings.Type

/** Settings as one argument of a command line. */
export const NodeSettingsText = Schema.parseJson(NodeSettings)

/** The identity that a byte stands for. */
export const identityOf = (seed: number): Identity.Identity => Identity.fromSeed(new Uint8Array(SEED_BYTES).fill(seed))

/** The whole node that settings are about. */
export const nodeLayer = ({
  seed,
  ...options
}: NodeSettings): Layer.Layer<Node.NetworkNodeServices, Node.NetworkNodeError> =>
  Node.layer({ ...options, listen: [ANY_PORT], ...(seed !== undefined && { identity: identityOf(seed) }) })

/** The settings that this process was started with. */
export const settingsOfProcess: Effect.Effect<NodeSettings, ParseError> = Effect.suspend(() =>
  Schema.decode(NodeSettingsText)(process.argv[2] ?? "")
)
