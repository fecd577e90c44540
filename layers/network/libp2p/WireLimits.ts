const MEBIBYTE = 1_048_576

/** What a node takes on from its peers, and how patient it is with them. Everything that waits or grows on the wire is in here. */
export interface WireLimits {
  /** Connections of the node, in both directions; further ones are refused. Whole node. */
  readonly maxConnections: number
  /** Connections with one peer: two that dial each other at once have two. */
  readonly maxConnectionsPerPeer: number
  /** Connections that are not through their handshake. */
  readonly maxPendingConnections: number
  /** New connections in a second from one host: all nodes of a machine are one host. */
  readonly maxConnectionsPerSecond: number
  /** Streams that peers opened to ask this node. Whole node. */
  readonly maxStreams: number
  /** The same, of one peer: an honest one has one for each protocol. */
  readonly maxStreamsPerPeer: number
  /** Peers, counted once for each protocol, that this node asks or remembers as unreachable. */
  readonly maxLinks: number
  /** Questions in flight on one stream, asked or answered: beyond it `Busy`. */
  readonly maxQuestionsPerStream: number
  /** Questions of one peer that are being answered, over all its streams: beyond it `Busy`. */
  readonly maxQuestionsPerPeer: number
  /** Questions of all peers that are being answered: beyond it `Busy`. */
  readonly maxQuestions: number
  /** Bytes of messages that were not taken yet, by who is to read them, or by this node: `Busy`. Whole node. */
  readonly maxBytes: number
  /** The same, for one peer. */
  readonly maxBytesPerPeer: number
  /** Bytes that wait to be sent on one stream, the whole answer that does not fit in included: then it is aborted. */
  readonly maxWaitingBytes: number
  /** Time for a connection to become a connection: encryption and multiplexing. */
  readonly handshakeMillis: number
  /** Time to reach a peer and open a stream. */
  readonly dialMillis: number
  /** Time in which a reader has to read something, and whoever began a frame has to go on with it. */
  readonly stallMillis: number
  /** A stream without questions is closed by whoever asked after this time, by whoever answered after twice that. */
  readonly idleMillis: number
}

/** Limits that suit a server of 1 GB. */
export const defaultWireLimits: WireLimits = {
  dialMillis: 10_000,
  handshakeMillis: 10_000,
  idleMillis: 300_000,
  maxBytes: 256 * MEBIBYTE,
  maxBytesPerPeer: 96 * MEBIBYTE,
  maxConnections: 512,
  maxConnectionsPerPeer: 4,
  maxConnectionsPerSecond: 64,
  maxLinks: 4_096,
  maxPendingConnections: 64,
  maxQuestions: 4_096,
  maxQuestionsPerPeer: 512,
  maxQuestionsPerStream: 256,
  maxStreams: 2_048,
  maxStreamsPerPeer: 16,
  maxWaitingBytes: 96 * MEBIBYTE,
  stallMillis: 30_000
}
