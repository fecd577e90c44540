/** Whether the authors of a transaction may write a collection. Protocol §2. */
import type { CollectionBlock } from "../../../schemas/BlockTypes.ts"
import type { ActionId, PublicKey } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import { verifyClaim } from "../../encoding/Statements.ts"
import type { ClusterRules } from "../ClusterRules.ts"

/** Why the signatures beside a manifest are not enough for a collection with this header. Without an authority, anybody may write. */
export const authorityProblem = (
  { network, verifier }: ClusterRules,
  action: ActionId,
  { signatures }: SignedManifest,
  { authority }: CollectionBlock
): string | undefined => {
  if (authority === undefined) return undefined
  const { keys, threshold } = authority
  const signers = new Set<PublicKey>()
  for (const signed of signatures) {
    if (!keys.includes(signed.key) || signers.has(signed.key)) continue
    if (verifyClaim(verifier, network, { action, kind: "author" }, signed)) signers.add(signed.key)
  }
  return signers.size >= threshold ? undefined : `${signers.size} of its authors signed, of ${threshold} that it needs`
}
