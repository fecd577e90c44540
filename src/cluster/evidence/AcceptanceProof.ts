/** What must be shown with an acceptance. Protocol §3, §4; decision 24. */
import type { Acceptance } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Certificate, Decision } from "../../../schemas/Proof.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { pendsProblem, preparedProblem } from "./Certificate.ts"

/** The pend certificates among what proves an acceptance: all of it in ballot 0, what follows the prepare certificate later. */
export const pendsIn = ({ ballot }: Acceptance, proof: ReadonlyArray<Certificate>): ReadonlyArray<Certificate> =>
  ballot === null ? proof : proof.slice(1)

/** Whether an acceptance needs pend certificates above ballot 0, too: what it may decide is shown to shards by them. Decision 24. */
export const needsPends = (rules: ClusterRules, manifest: Manifest, value: Decision): boolean =>
  value === "commit" && !isOneRound(rules, manifest)

/**
 * Why a value may not be accepted in a ballot. In ballot 0 the pend certificates of all shards prove it, later one prepare
 * certificate. Where a commit must be shown to shards with their pend certificates, these stay with the acceptance in later
 * ballots, too: whoever finishes the transaction could not get them again from voters that are gone.
 */
export const acceptanceProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  acceptance: Acceptance,
  proof: ReadonlyArray<Certificate>
): string | undefined => {
  const { ballot, value } = acceptance
  const pends = pendsIn(acceptance, proof)
  if (ballot === null) {
    return value === "commit" ? pendsProblem(rules, action, manifest, pends) : "ballot 0 can only carry commit"
  }
  const [certificate] = proof
  if (certificate === undefined) return "a later ballot is proved by a prepare certificate"
  const problem = preparedProblem(rules, action, manifest, ballot, value, certificate)
  if (problem !== undefined) return `the prepare certificate ${problem}`
  if (needsPends(rules, manifest, value)) return pendsProblem(rules, action, manifest, pends)
  return pends.length === 0 ? undefined : "there is more than the prepare certificate"
}
