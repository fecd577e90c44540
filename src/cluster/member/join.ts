/** A member is asked to take part in a ballot of recovery. Protocol §4, *join*. */
import type { JoinStatement, MemberRequest } from "../../../schemas/Cluster.ts"
import type { Ballot, Certificate, JoinValue } from "../../../schemas/Proof.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { signClaim } from "../../encoding/Statements.ts"
import { type BallotOrZero, compareBallots, isOversized } from "../Ballot.ts"
import { preparedProblem } from "../evidence/Certificate.ts"
import { acceptedAnswer } from "./accept.ts"
import { type Acquainted, acquaint } from "./acquaint.ts"
import { authorBusy } from "./examine.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { type Votes, votesWrites } from "./Votes.ts"

/** Joins a ballot, heard of the transaction or not, and tells what it accepted below and whether it approved. */
export const join = (
  context: MemberContext,
  view: MemberView,
  { ballot, near, signed }: Extract<MemberRequest, { _tag: "Join" }>
): MemberPlan => {
  const action = actionId(context.hasher, signed.manifest)
  const known = acquaint(context, view, action, signed, true)
  if ("refused" in known) return known.refused
  const busy = known.before === undefined ? authorBusy(context, view, known.manifest) : undefined
  if (busy !== undefined) return onlyAnswer(busy)
  const { accepted, joined } = known.votes.ballots
  // About ballots below it can say nothing new: what it accepted counts for itself.
  if (accepted !== undefined && compareBallots(accepted.ballot, ballot) >= 0) {
    return onlyAnswer(acceptedAnswer(context, action, accepted))
  }
  if (joined !== null && compareBallots(joined, ballot) > 0) return onlyAnswer({ _tag: "Outranked", joined })
  if (isOversized(ballot, joined, shownBallot(context, known, near))) return onlyAnswer({ _tag: "Oversized", joined })
  const votes: Votes = { ...known.votes, ballots: { ...known.votes.ballots, joined: ballot } }
  const isAgain = joined !== null && compareBallots(joined, ballot) === 0
  return {
    answer: { _tag: "Joined", ballot, statement: statementOf(context, known, ballot) },
    changes: isAgain ? [] : [{ _tag: "Voted", action, votes }],
    notices: [],
    writes: isAgain ? [] : votesWrites(action, known.before, votes, false)
  }
}

/** The ballot that a prepare certificate shows to have been reached. */
const shownBallot = (
  context: MemberContext,
  { action, manifest }: Acquainted,
  near: Certificate | undefined
): BallotOrZero => {
  const ballot = near?.ballot ?? null
  const value = near?.value ?? null
  if (near === undefined || ballot === null || value === null) return null
  return preparedProblem(context, action, manifest, ballot, value, near) === undefined ? ballot : null
}

const statementOf = (
  { network, signer }: MemberContext,
  { action, votes }: Acquainted,
  ballot: Ballot
): JoinStatement => {
  const { accepted } = votes.ballots
  const value: JoinValue = {
    acceptance: accepted === undefined ? null : { ballot: accepted.ballot, value: accepted.value },
    // A lock that was taken in a prepare is no approval.
    approved: votes.vote?.kind === "approve"
  }
  const signed = signClaim(signer, network, { action, ballot, kind: "join", value })
  return { signed, value, ...(accepted !== undefined && { proof: accepted.proof }) }
}
