/** Nodes that reach each other over sockets, by libp2p: a door of its own, so that nobody else has to load it. */
export * as Libp2pHost from "./Libp2pHost.ts"
export * as Libp2pNetwork from "./Libp2pNetwork.ts"
export { config, type Libp2pOptions, type Reach } from "./Libp2pOptions.ts"
export type { WireEvent } from "./WireEvents.ts"
export { defaultWireLimits, type WireLimits } from "./WireLimits.ts"
