import type { CommitAnswer, CommitRequest } from "../../schemas/Repo.ts"
import { actionId as actionIdOf } from "../encoding/BlockIds.ts"
import type { RepoView } from "./BlockState.ts"
import { type CheckContext, checkPend, rememberedApproval } from "./checkPend.ts"
import { answerOnly, type Plan } from "./Plan.ts"
import { planApply, type RevisionPolicy } from "./planApply.ts"

/**
 * Plans the application of a decided transaction, seen before or not. Locks of others are no obstacle, nor are reads: the
 * decision was made. That the proof proves the decision is checked before, by the member. Protocol §3, *Apply*.
 */
export const planCommit = (
  context: CheckContext,
  view: RepoView,
  { actionId, proof, request }: CommitRequest,
  policy?: RevisionPolicy
): Plan<CommitAnswer> => {
  const record = view.transaction(actionId)
  if (record?._tag === "Committed") return answerOnly({ _tag: "Committed", actionId, proof: record.proof })
  const pended = record?._tag === "Pending" ? record : undefined
  const given = pended ?? request
  if (given === undefined) return answerOnly({ _tag: "Refused", actionId, reason: "its manifest is not known here" })
  if (pended === undefined && actionIdOf(context.hasher, given.signed.manifest) !== actionId) {
    return answerOnly({ _tag: "Refused", actionId, reason: "the manifest is of another transaction" })
  }
  const approved = pended && rememberedApproval(context, view, actionId, pended)
  if (approved !== undefined) return planApply(given, approved, proof, policy) as Plan<CommitAnswer>
  const unlocked: RepoView = { ...view, locks: () => [] }
  const verdict = checkPend({ ...context, validateReads: false }, unlocked, actionId, given)
  switch (verdict._tag) {
    case "Approval":
      return planApply(given, verdict, proof, policy) as Plan<CommitAnswer>
    case "Locked":
      throw new Error("a decided transaction asks for no lock")
    default:
      return answerOnly(verdict)
  }
}
