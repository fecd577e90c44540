/** What shows that there was no revision of a block between two. Protocol §5, *At a revision*. */
import type { BlockId, PeerId, Rev } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { Proof } from "../../../schemas/Proof.ts"
import type { StoredBlock } from "../../../schemas/Repo.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { revisionOf, revisionProblem } from "./RevisionProof.ts"
import { signedProblem } from "./SignedManifest.ts"

/** Why a transaction did not write the revision that followed one of a block, whose certified members these are. */
export const nextProblem = (
  rules: ClusterRules,
  id: BlockId,
  members: ReadonlyArray<PeerId>,
  before: Pick<StoredBlock, "after" | "rev">,
  next: Rev,
  { proof, signed }: { readonly proof: Proof; readonly signed: SignedManifest }
): string | undefined => {
  const { manifest } = signed
  const action = actionId(rules.hasher, manifest)
  const written = revisionOf(manifest, action, id)
  if (written?.rev !== next) return "the manifest writes another revision"
  const { base } = written
  if (base === "none" || base.rev !== before.rev || base.hash !== before.after) return "it starts from another revision"
  return signedProblem(rules, action, signed) ?? revisionProblem(rules, action, manifest, id, members, proof)
}
