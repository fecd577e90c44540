import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { PendRequest } from "../../schemas/Repo.ts"
import type { Lock, RepoView } from "./BlockState.ts"
import { type CheckContext, checkPend } from "./checkPend.ts"
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

/** Plans a pend: checks it, and takes its locks together with what it takes to apply it later. Protocol §2. */
export const planPend = (context: CheckContext, view: RepoView, actionId: ActionId, request: PendRequest): Plan => {
  const before = known(view, actionId)
  if (before !== undefined) return before
  const verdict = checkPend(context, view, actionId, request)
  if (verdict._tag !== "Approval") return answerOnly(verdict)
  const locked: Array<readonly [BlockId, Lock]> = [
    ...verdict.writes.map(({ id }) => [id, { holder: actionId, mode: "write" }] as const),
    ...verdict.reads.map((id) => [id, { holder: actionId, mode: "read" }] as const)
  ]
  return {
    answer: { _tag: "Pended", actionId },
    changes: { locked, transaction: [actionId, { _tag: "Pending", ...request }] },
    writes: [
      puts.manifest(actionId, request.signed),
      ...verdict.writes.map(({ id }) => puts.pending(id, actionId, request.payload[id]!)),
      ...locked.map(([id, { mode }]) => puts.lock(id, actionId, { mode }))
    ]
  }
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
  if (!view.mayBePendedOrAborted(actionId)) {
    // A transaction whose bases are all the latest has not been committed, either: its record need not be looked for.
    const verdict = checkPend(context, view, actionId, request)
    if (verdict._tag === "Approval" && verdict.writes.length > 0) {
      return planApply(request, verdict, decide(actionId), policy)
    }
  }
  const before = known(view, actionId)
  if (before !== undefined && before.answer._tag !== "Pended") return before
  const verdict = checkPend(context, view, actionId, request)
  return verdict._tag === "Approval" ? planApply(request, verdict, decide(actionId), policy) : answerOnly(verdict)
}
