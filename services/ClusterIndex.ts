import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BlockUnavailable } from "../schemas/Errors.ts"
import type { ActionId, BlockId, PeerId } from "../schemas/Ids.ts"
import type { SignedManifest } from "../schemas/Manifest.ts"

/** Who keeps collections, as the cluster index has it. With a roster that is who is closest, and nobody is asked. Protocol §1. */
export interface ClusterIndexService {
  /** The members that keep a block at the home of its collection, sorted, as far as this node knows. From memory. */
  readonly homeOf: (block: BlockId) => ReadonlyArray<PeerId> | undefined
  /** The transaction that created a collection, as far as this node knows; always undefined with a roster. From memory. */
  readonly creatorOf: (collection: BlockId) => ActionId | undefined
  /**
   * The same members as `homeOf`, found out by asking those who keep the index. Of a collection that does not exist yet: those that
   * are to keep it, fewer where not as many active peers are known. Fails where what is heard allows neither to be said, and of a
   * block that is no header where its collection was never located here.
   */
  readonly locate: (block: BlockId) => Effect.Effect<ReadonlyArray<PeerId>, BlockUnavailable>
  /** Takes note of the collections that a transaction of this node created, which has committed: nobody need be asked about them. */
  readonly created: (signed: SignedManifest) => Effect.Effect<void>
}

/** The port that says who keeps a collection. */
export class ClusterIndex extends Context.Tag("optimystic/ClusterIndex")<ClusterIndex, ClusterIndexService>() {}
