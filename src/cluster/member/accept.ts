/** A member is asked to accept a value in a ballot. Protocol §3; §4, *accept*. */
import type { Acceptance, AcceptanceProof, MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import { signClaim } from "../../encoding/Statements.ts"
import { compareBallots } from "../Ballot.ts"
import { acceptanceProblem } from "../evidence/AcceptanceProof.ts"
import { acquaint } from "./acquaint.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { type BallotRecord, type Votes, votesWrites } from "./Votes.ts"

/** Accepts what is proved, in a ballot that is none below the one it joined. */
export const accept = (
  context: MemberContext,
  view: MemberView,
  { acceptance, actionId: action, proof, signed }: Extract<MemberRequest, { _tag: "Accept" }>
): MemberPlan => {
  const known = acquaint(context, view, action, signed, true)
  if ("refused" in known) return known.refused
  const { ballot, value } = acceptance
  const { accepted, joined } = known.votes.ballots
  if (accepted !== undefined && compareBallots(accepted.ballot, ballot) >= 0) {
    return onlyAnswer(acceptedAnswer(context, action, accepted))
  }
  if (joined !== null && compareBallots(joined, ballot) > 0) return onlyAnswer({ _tag: "Outranked", joined })
  const reason = acceptanceProblem(context, action, known.manifest, acceptance, proof)
  if (reason !== undefined) return onlyAnswer({ _tag: "Invalid", reason })
  const now = { ballot, proof, value }
  const ballots: BallotRecord = { ...known.votes.ballots, accepted: now, joined: ballot ?? joined }
  const votes: Votes = { ...known.votes, ballots }
  return {
    answer: acceptedAnswer(context, action, now),
    changes: [{ _tag: "Voted", action, votes }],
    notices: [],
    writes: votesWrites(action, known.before, votes, false)
  }
}

/** An acceptance, signed, with the proof that it was due. */
export const acceptedAnswer = (
  { network, signer }: MemberContext,
  action: ActionId,
  { ballot, proof, value }: Acceptance & { readonly proof: AcceptanceProof }
): MemberAnswer => ({
  _tag: "Accepted",
  acceptance: { ballot, value },
  proof,
  signed: signClaim(signer, network, { action, ballot, kind: "accepted", value })
})
