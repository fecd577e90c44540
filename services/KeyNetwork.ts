import * as Context from "effect/Context"
import type { BlockId, PeerId } from "../schemas/Ids.ts"

/** Who is responsible for what, as far as this node knows. From memory: nothing here waits for the network. */
export interface KeyNetworkService {
  /**
   * The active peers that are closest to the place of a block, at most `count`, sorted as member lists are: fewer where not as
   * many are known. Protocol §1.
   */
  readonly closest: (block: BlockId, count: number) => ReadonlyArray<PeerId>
  /** Whether the members of new headers are drawn from a declared roster, the same on all nodes. Protocol §1. */
  readonly hasRoster: boolean
  /** Whether a peer may be a member of a cluster. */
  readonly isAdmitted: (peer: PeerId) => boolean
}

/** The port that says which peers are close to a key. */
export class KeyNetwork extends Context.Tag("optimystic/KeyNetwork")<KeyNetwork, KeyNetworkService>() {}
