import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { PeerClaim, PeerRecord } from "../schemas/Directory.ts"
import type { BlockId, PeerId } from "../schemas/Ids.ts"

/** What is known of a peer. */
export interface KnownPeer {
  /** What it says of itself, signed by it, and checked. */
  readonly record: PeerRecord
  /** Whether it has not failed to answer of late. One that has is known all the same, and counts as a member. */
  readonly isReachable: boolean
}

/** A peer whose record is new, another than before, or gone. */
export interface DirectoryChange {
  readonly peer: PeerId
  readonly before: PeerRecord | undefined
  readonly after: PeerRecord | undefined
}

/** What a node may change of its own record at any time. */
export type OwnChange = Partial<Pick<PeerClaim, "active" | "takesOverFrom">>

/** The peers of the network, as this node knows them. All but `lookup` is from memory, and waits for nobody. */
export interface DirectoryService {
  /** This peer. */
  readonly self: PeerId
  /** This node's own record; undefined for a client. */
  readonly own: () => PeerRecord | undefined
  /** Signs this node's own record anew, with a change; others hear of it with the next messages. Does nothing for a client. */
  readonly announce: (change: OwnChange) => Effect.Effect<void>
  /** What is known of a peer, this one included. */
  readonly find: (peer: PeerId) => KnownPeer | undefined
  /** All that are known, this one included. */
  readonly known: () => ReadonlyArray<KnownPeer>
  /** Whether it has compared what it knows with others, and missed nothing. */
  readonly isSettled: () => boolean
  /** Whether no peer was ever left out for want of room. */
  readonly isComplete: () => boolean
  /** The active peers closest to the place of a block, reachable or not: at most `count` of those known, closest first. */
  readonly nearest: (block: BlockId, count: number) => ReadonlyArray<PeerId>
  /** Whether `nearest` leaves nobody out: where all peers are known, or the place is in this node's neighbourhood. */
  readonly isCertain: (block: BlockId, count: number) => boolean
  /**
   * The same as `nearest`, found out by asking peers where it is not certain. Those found stay known for a while. Never fails:
   * where too few answer it gives the best it has.
   */
  readonly lookup: (block: BlockId, count: number) => Effect.Effect<ReadonlyArray<PeerId>>
  /** What changes from now on, this node's own record included. Of too many that nobody takes the oldest are dropped. */
  readonly changes: Stream.Stream<DirectoryChange>
}

/** The port for who is in the network. */
export class Directory extends Context.Tag("optimystic/Directory")<Directory, DirectoryService>() {}
