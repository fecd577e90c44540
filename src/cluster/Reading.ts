/** What a reader of the latest revision may conclude from what members tell. Protocol §5. */
import type { MemberAnswer } from "../../schemas/Cluster.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import { type ClusterRules, isOneRound } from "./ClusterRules.ts"
import { quorumsOf } from "./Quorum.ts"

/** What members answered, each once, to a question that was asked after the read began. */
export type Told = ReadonlyMap<PeerId, MemberAnswer>

/**
 * Whether a transaction that holds a lock was certainly undecided after the read began, so that the read may come before it:
 * Q members of its primary shard know of no end and no acceptance, and fewer of them approved than Qf approvals would show.
 * Any other lock has to be resolved first.
 */
export const isUndecided = (rules: ClusterRules, manifest: Manifest, told: Told): boolean => {
  const { members } = manifest.shards[0]
  const { approvalThreshold, quorum } = quorumsOf(members.length, rules.faultModel)
  const answers = members.flatMap((peer) => told.get(peer) ?? [])
  const open = answers.flatMap((answer) => (answer._tag === "Open" ? [answer] : []))
  if (answers.some(({ _tag }) => _tag === "Ended" || _tag === "Accepted")) return false
  if (open.length < quorum || open.some(({ acceptance }) => acceptance !== null)) return false
  const approvals = open.filter(({ approved }) => approved).length
  return !isOneRound(rules, manifest) || approvals < approvalThreshold
}
