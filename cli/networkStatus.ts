/** Who is in a network, as a client finds them: loaded only when a command asks. */
import * as Effect from "effect/Effect"
import { survey } from "../layers/directory/survey.ts"
import { DEFAULT_CLUSTER_SIZE } from "../layers/NetworkNodeOptions.ts"
import { NotEnoughPeers } from "../schemas/Errors.ts"
import type { KnownPeer } from "../services/Directory.ts"
import { clientOf } from "./client.ts"
import type { NetworkPlace } from "./place.ts"
import { print, type Result, type Speech } from "./run.ts"

/** How long word of all peers is waited for. */
const PATIENCE_MILLIS = 5_000

const resultOf = (
  { clusterSize = DEFAULT_CLUSTER_SIZE, faultModel = "byzantine", network }: NetworkPlace,
  peers: ReadonlyArray<KnownPeer>
) => {
  const [known, active] = [peers.length, peers.filter(({ record }) => record.active).length]
  const reachable = peers.filter(({ isReachable }) => isReachable).length
  const serving = peers.filter(({ isReachable, record }) => isReachable && record.active).length
  const result: Result = {
    object: {
      network,
      clusterSize,
      faultModel,
      known,
      active,
      reachable,
      peers: peers.map(({ isReachable, record: { active, addresses, duties, peer, role } }) => ({
        peer,
        active,
        reachable: isReachable,
        role,
        duties,
        addresses
      }))
    },
    text: [
      `network ${network}, ${clusterSize} nodes to a collection, ${faultModel}`,
      `${known} nodes known, ${active} active, ${reachable} reachable`,
      ...peers.map(({ isReachable, record: { active, addresses, peer } }) =>
        [peer, active ? "active" : "not active", isReachable ? "reachable" : "silent", addresses.join(" ")].join("\t")
      )
    ].join("\n")
  }
  return { need: clusterSize, result, serving }
}

/** Prints who is there; fails where they are too few to keep a collection. */
export const networkStatus = (place: NetworkPlace, speech: Speech) =>
  Effect.gen(function* () {
    const peers = yield* survey(PATIENCE_MILLIS)
    const inOrder = peers.toSorted((a, b) => (a.record.peer < b.record.peer ? -1 : 1))
    const { need, result, serving } = resultOf(place, inOrder)
    yield* print(speech, [result])
    if (serving < need) return yield* new NotEnoughPeers({ known: serving, need })
  }).pipe(Effect.provide(clientOf(place, { joinPeers: 1 })))
