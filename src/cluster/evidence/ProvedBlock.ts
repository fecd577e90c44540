/** Why a block that a peer gave is not the revision that was asked for. Protocol §3, *Apply*; §5. */
import type { BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { ProvedBlock } from "../../../schemas/Repo.ts"
import { actionId, hashValue } from "../../encoding/BlockIds.ts"
import { NotCanonical } from "../../encoding/CanonicalJson.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { revisionOf, revisionProblem } from "./RevisionProof.ts"
import { signedProblem } from "./SignedManifest.ts"

/** What is wrong with a block of which these are the certified members. */
export const provedBlockProblem = (
  rules: ClusterRules,
  id: BlockId,
  members: ReadonlyArray<PeerId>,
  { block, proof, revision, signed }: ProvedBlock
): string | undefined => {
  const action = actionId(rules.hasher, signed.manifest)
  const written = revisionOf(signed.manifest, action, id)
  if (action !== revision.actionId || written === undefined) return "the manifest does not write the revision"
  if (written.rev !== revision.rev || written.after !== revision.after) return "the manifest writes another revision"
  const problem =
    signedProblem(rules, action, signed) ?? revisionProblem(rules, action, signed.manifest, id, members, proof)
  if (problem !== undefined) return problem
  return hashOf(rules, block) === revision.after ? undefined : "the content has another hash"
}

const hashOf = ({ hasher }: ClusterRules, block: ProvedBlock["block"]): string | undefined => {
  if (block === null) return "deleted"
  try {
    return hashValue(hasher, block)
  } catch (thrown) {
    if (thrown instanceof NotCanonical) return undefined
    throw thrown
  }
}
