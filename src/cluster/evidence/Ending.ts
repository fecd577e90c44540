/** How a transaction ended, and what shows it. Locks are freed by nothing else: not by anybody's word, not by time. Protocol §3, *Ended*. */
import type { Ending } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { decisionProblem, refusalsProblem } from "./Certificate.ts"
import { exclusionProblem } from "./Exclusion.ts"

/** Why an ending is not proved. `stored` gives the member set that a node holds for a block, if it holds the block. */
export const endingProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  ending: Ending,
  stored: (block: BlockId) => ReadonlyArray<PeerId> | undefined = () => undefined
): string | undefined => {
  const about = (what: string, problem: string | undefined) => problem && `the ${what} certificate ${problem}`
  switch (ending._tag) {
    case "Committed":
      return about("decision", decisionProblem(rules, action, manifest, "commit", ending.proof.decision))
    case "Aborted":
      return about("decision", decisionProblem(rules, action, manifest, "abort", ending.decision))
    case "Rejected":
      return about("refusal", refusalsProblem(rules, action, manifest, ending.refusals))
    case "Excluded":
      return exclusionProblem(rules, action, manifest, ending.by, stored(ending.by.block))
  }
}
