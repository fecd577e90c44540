/** The proof that another transaction took the place of this one. Protocol §4, *Exclusion proof*. */
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Base, Manifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { sameMembers } from "../../storage/blockRules.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { creationIn } from "./Creation.ts"
import { revisionOf, revisionProblem } from "./RevisionProof.ts"
import { signedProblem } from "./SignedManifest.ts"

/** The revision number of a base; `none` counts as 0. */
export const baseRev = (base: Base): number => (base === "none" ? 0 : base.rev)

/**
 * Whether a collection was created by another transaction, and over other members than a second one names for it: what the
 * cluster index says of it takes the place of what signatures of these members would. All of them must approve a creation, and some
 * of them are members of the first, so that the second can never be decided. Decision 30.
 */
const creatorElsewhere = (
  rules: ClusterRules,
  members: ReadonlyArray<PeerId>,
  entry: CertifiedRevision
): { readonly problem: string | undefined } | undefined => {
  const creation = rules.hasRoster ? undefined : creationIn(rules, entry)
  if (creation === undefined || sameMembers(creation.members, members)) return undefined
  if (rules.creatorOf?.(entry.block) !== creation.creator) return undefined
  const { block, proof, signed } = entry
  return { problem: revisionProblem(rules, creation.creator, signed.manifest, block, creation.members, proof) }
}

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
  const by = actionId(rules.hasher, signed.manifest)
  if (by === action) return "the revision is the transaction's own"
  const creator = write.base === "none" ? creatorElsewhere(rules, shard.members, { block, proof, signed }) : undefined
  if (creator !== undefined) return signedProblem(rules, by, signed) ?? creator.problem
  if (stored !== undefined && !sameMembers(stored, shard.members)) return "the block has other members here"
  const problem = signedProblem(rules, by, signed)
  if (problem !== undefined) return problem
  const revision = revisionOf(signed.manifest, by, block)
  if (revision === undefined) return "the manifest does not write the block"
  if (revision.rev <= baseRev(write.base)) return "the revision is not above the transaction's base"
  if (baseRev(revision.base) > baseRev(write.base)) return "the revision starts above the transaction's base"
  return revisionProblem(rules, by, signed.manifest, block, shard.members, proof)
}
