import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { RepoView, ShownEnding } from "./BlockState.ts"
import { answerOnly, type CancelPlan } from "./Plan.ts"
import { keys, puts, removed } from "./records.ts"

/**
 * Plans the end of a transaction that is known to be aborted: its locks are freed, its payload goes, and a mark stays so
 * that a late pend does not lock again. The mark of a cluster member has what shows the end. What is committed stays committed.
 */
export const planCancel = (view: RepoView, actionId: ActionId, shown?: ShownEnding): CancelPlan => {
  const mark = shown === undefined ? {} : { shown }
  const record = view.transaction(actionId)
  if (record?._tag === "Committed") return answerOnly({ _tag: "Committed", actionId, proof: record.proof })
  if (record?._tag === "Aborted") return answerOnly({ _tag: "Aborted", actionId })
  const writes = [puts.ended(actionId, { outcome: "aborted", ...mark })]
  if (record !== undefined) {
    for (const shard of record.signed.manifest.shards) {
      for (const id of Object.keys(shard.writes) as Array<BlockId>) {
        writes.push(removed(keys.pending(id, actionId)), removed(keys.lock(id, actionId)))
      }
      for (const id of Object.keys(shard.reads) as Array<BlockId>) writes.push(removed(keys.lock(id, actionId)))
    }
    writes.push(removed(keys.manifest(actionId)))
  }
  return {
    answer: { _tag: "Aborted", actionId },
    changes: { freed: actionId, transaction: [actionId, { _tag: "Aborted", ...mark }] },
    writes
  }
}
