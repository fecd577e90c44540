/** What proves a revision of a block. Protocol §3, *Apply*. */
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Proof } from "../../../schemas/Proof.ts"
import type { Revision } from "../../../schemas/Revision.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { decisionProblem, pendProblem } from "./Certificate.ts"

/** What a manifest makes of a block; undefined where it does not write it. */
export const revisionOf = (
  { collections, shards }: Manifest,
  actionId: ActionId,
  block: BlockId
): Revision | undefined => {
  const shard = shards.find(({ writes }) => Object.hasOwn(writes, block))
  const write = shard?.writes[block]
  const collection = collections.find(({ id }) => id === write?.collection)
  if (write === undefined || collection === undefined) return undefined
  return { actionId, after: write.after, base: write.base, rev: collection.rev }
}

/** Why a proof does not prove what a shard of a manifest writes, where these members are certified for it. */
export const shardProofProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  index: number,
  members: ReadonlyArray<PeerId>,
  { decision, pends }: Proof
): string | undefined => {
  if (!sameMembers(manifest.shards[index]?.members ?? [], members))
    return "the manifest names other members than the header"
  const problem = decisionProblem(rules, action, manifest, "commit", decision)
  if (problem !== undefined) return `its decision certificate ${problem}`
  if (isOneRound(rules, manifest)) return undefined
  // Else an author could name friends as the primary cluster.
  const pend = pends?.find(({ shard }) => shard === index)
  if (pend === undefined) return "the pend certificate of its shard is absent"
  const pended = pendProblem(rules, action, manifest, index, pend)
  return pended === undefined ? undefined : `its pend certificate ${pended}`
}

/** Why a proof does not prove that a transaction wrote a block, whose certified members these are. */
export const revisionProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  block: BlockId,
  members: ReadonlyArray<PeerId>,
  proof: Proof
): string | undefined => {
  const index = manifest.shards.findIndex(({ writes }) => Object.hasOwn(writes, block))
  return index < 0
    ? "the manifest does not write the block"
    : shardProofProblem(rules, action, manifest, index, members, proof)
}
