/** What must be shown with an acceptance. Protocol §3, §4. */
import type { Acceptance } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { pendsProblem, preparedProblem } from "./Certificate.ts"

/** Why a value may not be accepted in a ballot. In ballot 0 the pend certificates of all shards prove it, later a prepare certificate. */
export const acceptanceProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  { ballot, value }: Acceptance,
  proof: ReadonlyArray<Certificate>
): string | undefined => {
  if (ballot === null) {
    return value === "commit" ? pendsProblem(rules, action, manifest, proof) : "ballot 0 can only carry commit"
  }
  const [certificate, ...others] = proof
  if (certificate === undefined || others.length > 0) return "a later ballot is proved by one prepare certificate"
  const problem = preparedProblem(rules, action, manifest, ballot, value, certificate)
  return problem === undefined ? undefined : `the prepare certificate ${problem}`
}
