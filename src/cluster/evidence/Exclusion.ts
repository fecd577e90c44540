/** The proof that another transaction took the place of this one. Protocol §4, *Exclusion proof*. */
import type { CertifiedRevision } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Base, Manifest } from "../../../schemas/Manifest.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { revisionOf, revisionProblem } from "./RevisionProof.ts"
import { signedProblem } from "./SignedManifest.ts"

/** The revision number of a base; `none` counts as 0. */
export const baseRev = (base: Base): number => (base === "none" ? 0 : base.rev)

/**
 * Why a revision does not prove that a transaction never commits. `stored`, at a member of the block, is the member set it
 * holds: signatures must count in that one, too.
 */
export const exclusionProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  { block, proof, signed }: CertifiedRevision,
  stored?: ReadonlyArray<PeerId>
): string | undefined => {
  const shard = manifest.shards.find(({ writes }) => Object.hasOwn(writes, block))
  const write = shard?.writes[block]
  if (shard === undefined || write === undefined) return "the transaction does not write the block"
  if (stored !== undefined && !sameMembers(stored, shard.members)) return "the block has other members here"
  const by = actionId(rules.hasher, signed.manifest)
  if (by === action) return "the revision is the transaction's own"
  const problem = signedProblem(rules, by, signed)
  if (problem !== undefined) return problem
  const revision = revisionOf(signed.manifest, by, block)
  if (revision === undefined) return "the manifest does not write the block"
  if (revision.rev <= baseRev(write.base)) return "the revision is not above the transaction's base"
  if (baseRev(revision.base) > baseRev(write.base)) return "the revision starts above the transaction's base"
  return revisionProblem(rules, by, signed.manifest, block, shard.members, proof)
}
