import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Directory } from "../../services/Directory.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"

/** Who is close to a key, among the active peers of the directory: a peer is admitted if it is known by a record that it signed. */
export const layer: Layer.Layer<KeyNetwork, never, Directory> = Layer.effect(
  KeyNetwork,
  Effect.map(Directory, (directory) => ({
    closest: (block, count) => directory.nearest(block, count).toSorted(),
    formerly: (peers) => [...new Set(peers.flatMap((peer) => directory.find(peer)?.record.takesOverFrom ?? []))],
    hasRoster: false,
    isAdmitted: (peer) => directory.find(peer) !== undefined,
    lookup: (block, count) => Effect.map(directory.lookup(block, count), (peers) => peers.toSorted())
  }))
)
