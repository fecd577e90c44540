import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BlockId, PeerId } from "../schemas/Ids.ts"

/** Who is responsible for what, as far as this node knows. From memory, but for `lookup`: nothing else waits for the network. */
export interface KeyNetworkService {
  /**
   * The active peers that are closest to the place of a block, at most `count`, sorted as member lists are: fewer where not as
   * many are known. In a network too large to be known as a whole it is the truth only around this node. Protocol §1.
   */
  readonly closest: (block: BlockId, count: number) => ReadonlyArray<PeerId>
  /** The same wherever the place is: peers are asked where memory cannot tell. Those found are admitted from then on. */
  readonly lookup: (block: BlockId, count: number) => Effect.Effect<ReadonlyArray<PeerId>>
  /** Those from whom some peers took over their parts of the cluster index, as their records still say. Protocol §1. */
  readonly formerly: (peers: ReadonlyArray<PeerId>) => ReadonlyArray<PeerId>
  /** Whether the members of new headers are drawn from a declared roster, the same on all nodes. Protocol §1. */
  readonly hasRoster: boolean
  /** Whether a peer may be a member of a cluster: it is in the roster, or known by a record that it signed. */
  readonly isAdmitted: (peer: PeerId) => boolean
}

/** The port that says which peers are close to a key. */
export class KeyNetwork extends Context.Tag("optimystic/KeyNetwork")<KeyNetwork, KeyNetworkService>() {}
