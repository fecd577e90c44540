/** What makes a manifest that of a transaction, whoever brings it. Protocol §1, §2. */
import type { ActionId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { isAuthored } from "../../encoding/Statements.ts"
import { manifestProblem } from "../../storage/manifestRules.ts"
import type { ClusterRules } from "../ClusterRules.ts"

/** Signatures beside a manifest, at most: each is work for whoever checks them. */
const MAX_AUTHOR_SIGNATURES = 16

/** Why a manifest is not that of a transaction of this network, signed by its author. */
export const signedProblem = (
  { hasher, network, verifier }: ClusterRules,
  action: ActionId,
  signed: SignedManifest
): string | undefined => {
  const { manifest, signatures } = signed
  if (actionId(hasher, manifest) !== action) return `the manifest is not that of transaction ${action}`
  if (manifest.network !== network) return `the manifest is of network ${manifest.network}, not ${network}`
  if (signatures.length > MAX_AUTHOR_SIGNATURES) return "the manifest has too many signatures"
  if (!isAuthored(verifier, network, action, signed)) return "the author's signature does not verify"
  return manifestProblem(manifest)
}
