/**
 * What a node of this example is asked beside what every node is: each is done by that node, whichever nodes keep the cities.
 */
import { Rpc, RpcGroup } from "@effect/rpc"
import { Schema } from "effect"
import { NodeFailed, NodeRpcs } from "../../bench/processes/NodeRpcs.ts"
import { Batch, City, Rank } from "./model.ts"

/** The largest cities of a country, or those of a size. */
const CitiesIn = { country: Schema.String, least: Schema.Int, limit: Schema.Int, most: Schema.Int }

/** What the check of a collection came to: hash chain, certificates, structure. */
export class Verified extends Schema.Class<Verified>("Verified")({
  name: Schema.String,
  revisions: Schema.Int,
  problems: Schema.Array(Schema.String)
}) {}

/** What only nodes of this example are asked. */
export const CityOnlyRpcs = RpcGroup.make(
  /** Creates the three collections. */
  Rpc.make("Create", { error: NodeFailed }),
  /** Commits a batch in one transaction: how many milliseconds that took, until it was acknowledged. */
  Rpc.make("Import", {
    error: NodeFailed,
    payload: { cities: Schema.Array(City), number: Schema.Int },
    success: Schema.Number
  }),
  /** Gets cities, each by itself: as they are, and how many milliseconds each took. */
  Rpc.make("Get", {
    error: NodeFailed,
    payload: { ids: Schema.Array(Schema.Int) },
    success: Schema.Struct({ cities: Schema.Array(City), millis: Schema.Array(Schema.Number) })
  }),
  /** All cities by their id. */
  Rpc.make("Cities", { error: NodeFailed, stream: true, success: City }),
  /** All of the index. */
  Rpc.make("Ranks", { error: NodeFailed, stream: true, success: Rank }),
  /** All of the diary. */
  Rpc.make("Batches", { error: NodeFailed, success: Schema.Array(Batch) }),
  Rpc.make("CitiesIn", { error: NodeFailed, payload: CitiesIn, success: Schema.Array(City) }),
  /** Checks all of what the node has in its own store. */
  Rpc.make("Verify", { error: NodeFailed, success: Schema.Array(Verified) })
)

/** All that they are asked. */
export const CityRpcs = NodeRpcs.merge(CityOnlyRpcs)
