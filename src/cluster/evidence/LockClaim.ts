import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { signedProblem } from "./SignedManifest.ts"

/** What a reader knows of the cluster that it asks. */
export interface AskedMembers {
  readonly clusterSize: number
  readonly isAdmitted: (peer: PeerId) => boolean
  /** The members of the block, sorted. */
  readonly members: ReadonlyArray<PeerId>
}

/**
 * Whether a transaction that a member tells of may hold a lock on a block: of one that no member could have taken up nobody
 * knows an end, and a reader would wait for it for ever. Protocol §2, §5.
 */
export const mayHoldLock = (
  rules: ClusterRules,
  { clusterSize, isAdmitted, members }: AskedMembers,
  block: BlockId,
  action: ActionId,
  signed: SignedManifest
): boolean => {
  const { shards } = signed.manifest
  const own = shards.find(({ reads, writes }) => Object.hasOwn(writes, block) || Object.hasOwn(reads, block))
  return (
    own !== undefined &&
    sameMembers(own.members, members) &&
    shards.every((shard) => shard.members.length === clusterSize && shard.members.every(isAdmitted)) &&
    signedProblem(rules, action, signed) === undefined
  )
}
