import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest } from "../../schemas/Repo.ts"
import type { Lock, RepoView } from "./BlockState.ts"
import { type Approval, type CheckContext, checkPend, rememberApproval } from "./checkPend.ts"
import { answerOnly, type Plan } from "./Plan.ts"
import { planApply, type RevisionPolicy } from "./planApply.ts"
import { puts } from "./records.ts"

/** What is answered to a transaction of which something is known already: the same as before. */
const known = (view: RepoView, actionId: ActionId): Plan | undefined => {
  const record = view.transaction(actionId)
  if (record === undefined) return undefined
  switch (record._tag) {
    case "Pending":
      return answerOnly({ _tag: "Pended", actionId })
    case "Committed":
      return answerOnly({ _tag: "Committed", actionId, proof: record.proof })
    case "Aborted":
      return answerOnly({ _tag: "Refused", actionId, reason: "the transaction was aborted" })
  }
}

/**
 * The approval of a transaction that is certainly new here; undefined where its record must be looked for. As long as all its
 * bases are the latest it has not been committed, either.
 */
const approvalOfNew = (
  context: CheckContext,
  view: RepoView,
  actionId: ActionId,
  request: PendRequest
): Approval | undefined => {
  if (view.mayBePendedOrAborted(actionId)) return undefined
  const verdict = checkPend(context, view, actionId, request)
  return verdict._tag === "Approval" && verdict.writes.length > 0 ? verdict : undefined
}

/** Takes the locks of a transaction, together with what it takes to apply it later. */
const pended = (context: CheckContext, request: PendRequest, approval: Approval): Plan => {
  const { actionId, reads, writes } = approval
  rememberApproval(context, request, approval)
  const locked: Array<readonly [BlockId, Lock]> = [
    ...writes.map(({ id }) => [id, { holder: actionId, mode: "write" }] as const),
    ...reads.map((id) => [id, { holder: actionId, mode: "read" }] as const)
  ]
  return {
    answer: { _tag: "Pended", actionId },
    changes: { locked, transaction: [actionId, { _tag: "Pending", ...request }] },
    writes: [
      puts.manifest(actionId, request.signed),
      ...writes.map(({ id }) => puts.pending(id, actionId, request.payload[id]!)),
      ...locked.map(([id, { mode }]) => puts.lock(id, actionId, { mode }))
    ]
  }
}

/** Plans a pend: checks it, and locks. Protocol §2. */
export const planPend = (context: CheckContext, view: RepoView, actionId: ActionId, request: PendRequest): Plan => {
  const approval = approvalOfNew(context, view, actionId, request)
  if (approval !== undefined) return pended(context, request, approval)
  const before = known(view, actionId)
  if (before !== undefined) return before
  const verdict = checkPend(context, view, actionId, request)
  return verdict._tag === "Approval" ? pended(context, request, verdict) : answerOnly(verdict)
}

/** Plans a pend whose approval is the decision: for a cluster of one. Nothing pending is ever stored. */
export const planPendAndCommit = (
  context: CheckContext,
  view: RepoView,
  actionId: ActionId,
  request: PendRequest,
  decide: (actionId: ActionId) => Proof,
  policy?: RevisionPolicy
): Plan => {
  const approval = approvalOfNew(context, view, actionId, request)
  if (approval !== undefined) return planApply(request, approval, decide(actionId), policy)
  const before = known(view, actionId)
  if (before !== undefined && before.answer._tag !== "Pended") return before
  const verdict = checkPend(context, view, actionId, request)
  return verdict._tag === "Approval" ? planApply(request, verdict, decide(actionId), policy) : answerOnly(verdict)
}
