/** A member is shown that a transaction never commits. Protocol §3, *Ended*. */
import type { MemberRequest } from "../../../schemas/Cluster.ts"
import { endingProblem } from "../evidence/Ending.ts"
import { acquaint } from "./acquaint.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { planEnd } from "./settled.ts"

/** Frees the locks of a transaction, for proof and for nothing else. */
export const end = (
  context: MemberContext,
  view: MemberView,
  { actionId: action, ending, signed }: Extract<MemberRequest, { _tag: "End" }>
): MemberPlan => {
  const known = acquaint(context, view, action, signed, false)
  if ("refused" in known) return known.refused
  const reason = endingProblem(context, action, known.manifest, ending, (id) => view.block(id)?.members)
  if (reason !== undefined) return onlyAnswer({ _tag: "Invalid", reason })
  return planEnd(view, action, known.votes.signed, ending)
}
