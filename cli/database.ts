/** The database as commands use it: loaded only when a command needs it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Node from "../layers/Node.ts"
import type { Database } from "../src/transaction/Database.ts"
import type { Place } from "./place.ts"

/** A node on a directory, or a client of a network. */
export const layer = (place: Place): Layer.Layer<Database, Node.LocalError | Node.NetworkClientError> => {
  if (place._tag === "Directory") return Node.layerLocal(place)
  const loaded = Effect.promise(() => import("./client.ts"))
  return Layer.unwrapEffect(Effect.map(loaded, ({ clientOf }) => clientOf(place)))
}
