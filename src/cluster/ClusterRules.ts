/** What all nodes of a network agree on beforehand, and which of the rules a manifest follows by that. Protocol §1, §2. */
import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { Base, Manifest, NetworkName, Shard, Write } from "../../schemas/Manifest.ts"
import type { FaultModel } from "../../schemas/Proof.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import { entriesOf, isCollectionId } from "../storage/manifestRules.ts"
import { quorumsOf } from "./Quorum.ts"

/** The constants of a network that decide what its certificates prove, and the means to check them. */
export interface ClusterRules {
  readonly faultModel: FaultModel
  /** Whether the members of a header are drawn from a declared roster, the same on all nodes. */
  readonly hasRoster: boolean
  readonly hasher: HasherService
  readonly network: NetworkName
  /**
   * Without a roster: the transaction that created a collection, as far as this node found that out in the cluster index, where
   * f + 1 peers had to say so.
   */
  readonly creatorOf?: (collection: BlockId) => ActionId | undefined
  readonly verifier: VerifierService
}

/** Whether a block is a header that does not exist yet. */
const isAbsentHeader = ([id, named]: readonly [BlockId, Base | Write]): boolean =>
  isCollectionId(id) && (named === "none" || (typeof named === "object" && "base" in named && named.base === "none"))

/**
 * Whether all K members must approve a shard. Without a roster two honest views of who is closest may differ: a header is
 * created, or read as absent, only by all of them. §2, *Creating a well-known id*.
 */
export const needsAll = ({ hasRoster }: ClusterRules, { reads, writes }: Shard): boolean =>
  !hasRoster && (entriesOf(writes).some(isAbsentHeader) || entriesOf(reads).some(isAbsentHeader))

/** How many approvals are the pend certificate of a shard. */
export const approvalsNeeded = (rules: ClusterRules, shard: Shard): number =>
  needsAll(rules, shard) ? shard.members.length : quorumsOf(shard.members.length, rules.faultModel).quorum

/** Whether approvals are votes in ballot 0, so that a fast quorum of them decides. §3. */
export const isOneRound = (rules: ClusterRules, { shards }: Manifest): boolean =>
  shards.length === 1 && !needsAll(rules, shards[0])

/** Whether a member may refuse for ever: where one shard is all there is, a refusal would only be in the way. §2. */
export const hasRefusals = ({ shards }: Manifest): boolean => shards.length > 1
