/** How writers that compete for a collection take turns. Safety never depends on any of it. */
export interface TurnPolicy {
  /** After a sign of others who compete, turns are asked for so long, in milliseconds; each further sign begins it anew. */
  readonly coolDownMillis: number
  /** A turn is waited for no longer than this, in milliseconds; then the writer goes on by itself. */
  readonly turnMillis: number
  /** A turn that is not ended goes on to the next after this, in milliseconds, up to twice as long. */
  readonly leaseMillis: number
  /** How long a writer waits until it knows itself what a coordinator has when it gives a turn, in milliseconds. */
  readonly applyMillis: number
  /** A peer that was asked for a turn and gave none, or said what is not so, is not asked again for so long, in milliseconds. */
  readonly excludeMillis: number
  /** So many transactions in a row that were lost in a turn of one peer mean that its turns are none. */
  readonly maxLostTurns: number
  /** So many wait for a turn on one collection, at most; others are told `Busy`. */
  readonly maxWaiting: number
  /** So many of them are of one peer. */
  readonly maxWaitingPerPeer: number
  /** A node coordinates so many collections at once, at most. */
  readonly maxQueues: number
  /** So many of them because of one peer. */
  readonly maxQueuesPerPeer: number
  /** Peers that have not committed of late hold turns on a collection in vain for so long, all of them together, in milliseconds, within `excludeMillis`. */
  readonly maxVainMillis: number
}

/** What suits a laptop. */
export const defaultTurnPolicy: TurnPolicy = {
  applyMillis: 100,
  coolDownMillis: 1_000,
  excludeMillis: 10_000,
  leaseMillis: 250,
  maxLostTurns: 3,
  maxQueues: 1_024,
  maxQueuesPerPeer: 256,
  maxVainMillis: 250,
  maxWaiting: 64,
  maxWaitingPerPeer: 8,
  turnMillis: 1_000
}
