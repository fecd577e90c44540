import type { ConnectionGater, PeerId as Libp2pPeerId } from "@libp2p/interface"
import * as Schema from "effect/Schema"
import { PeerId } from "../../../schemas/Ids.ts"
import type { WireEvents } from "./WireEvents.ts"

const isPeerId = Schema.is(PeerId)

/** A peer by its id as libp2p has it, unless its key is of a kind that no node here has. */
export const peerOf = (id: Libp2pPeerId): PeerId | undefined => {
  const text = id.toString()
  return isPeerId(text) ? text : undefined
}

/** Lets nobody in, and out to nobody, but the peers of a list, or with none whoever has an id that nodes here have. */
export const gaterOf = (allow: ReadonlySet<PeerId> | undefined, events: WireEvents): ConnectionGater => {
  const isRefused = (id: Libp2pPeerId): boolean => {
    const peer = peerOf(id)
    return peer === undefined || (allow !== undefined && !allow.has(peer))
  }
  const refuse = (id: Libp2pPeerId): boolean => {
    if (!isRefused(id)) return false
    events.record("ConnectionRefused", id.toString(), "it is not among the allowed peers")
    return true
  }
  return {
    denyDialPeer: isRefused,
    denyInboundEncryptedConnection: refuse,
    // An address without an id may lead to anybody.
    denyOutboundEncryptedConnection: refuse
  }
}
