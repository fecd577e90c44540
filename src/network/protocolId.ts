import type { NetworkName } from "../../schemas/Manifest.ts"

/** The version of all protocols here: it is part of what they are called. */
const VERSION = "1.0.0"

/** What all protocols of a network begin with: peers of another network have none of them, and so nothing to say. */
export const protocolPrefix = (network: NetworkName): string => `/db-p2p/${network}/`

/** What a protocol, by its `PeerProtocol.name`, is called on the wire. */
export const protocolId = (network: NetworkName, name: string): string => `${protocolPrefix(network)}${name}/${VERSION}`
