/** A member is asked to prepare a value in a ballot. Protocol §4, *propose*. */
import type { MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { ActionId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { Ballot, Decision } from "../../../schemas/Proof.ts"
import type { PendAnswer, PendRequest } from "../../../schemas/Repo.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { signClaim } from "../../encoding/Statements.ts"
import type { Plan } from "../../storage/Plan.ts"
import { compareBallots, isSameBallot } from "../Ballot.ts"
import { justify } from "../evidence/Justification.ts"
import { type Acquainted, acquaint } from "./acquaint.ts"
import { examine } from "./examine.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { payloadLength, type Votes, votesWrites } from "./Votes.ts"

/** Prepares the one value that the join statements justify: at most one in each ballot. */
export const propose = (
  context: MemberContext,
  view: MemberView,
  { ballot, payload, signed, statements, value }: Extract<MemberRequest, { _tag: "Propose" }>
): MemberPlan => {
  const action = actionId(context.hasher, signed.manifest)
  const known = acquaint(context, view, action, signed, true)
  if ("refused" in known) return known.refused
  const { joined, prepared } = known.votes.ballots
  if (joined !== null && compareBallots(joined, ballot) > 0) return onlyAnswer({ _tag: "Outranked", joined })
  if (prepared !== undefined && isSameBallot(prepared.ballot, ballot)) {
    return onlyAnswer(preparedAnswer(context, action, ballot, prepared.value))
  }
  const justified = justify(context, action, known.manifest, ballot, statements)
  if (typeof justified === "string") return onlyAnswer({ _tag: "Invalid", reason: justified })
  if (justified.value !== value) {
    return onlyAnswer({ _tag: "Invalid", reason: `the join statements justify ${justified.value}, not ${value}` })
  }
  const mustLock = justified.from === "approvals" && view.transaction(action)?._tag !== "Pending"
  const carried = mustLock ? carry(context, view, known, { payload: payload ?? {}, signed }) : undefined
  if (carried !== undefined && "hindrance" in carried) return carried.hindrance
  return prepare(context, known, ballot, value, carried)
}

/** Locks that are taken with a prepared value, and the signatures on which they were. */
interface Carried {
  readonly locks: Plan<PendAnswer>
  readonly pendingLength: number
  readonly signed: SignedManifest
}

/** Takes the locks of a transaction that may have been decided by approvals, or says what is in the way. */
const carry = (
  context: MemberContext,
  view: MemberView,
  known: Acquainted,
  brought: PendRequest
): Carried | { readonly hindrance: MemberPlan } => {
  const examined = examine(context, view, known, brought)
  switch (examined._tag) {
    case "Sound":
      return { locks: examined.plan, pendingLength: payloadLength(brought.payload), signed: examined.signed }
    case "Deferred":
      return { hindrance: examined.plan }
    case "Faulty":
      return { hindrance: onlyAnswer(examined.answer) }
  }
}

const prepare = (
  context: MemberContext,
  { action, before, votes }: Acquainted,
  ballot: Ballot,
  value: Decision,
  carried: Carried | undefined
): MemberPlan => {
  const { pendingLength, signed } = carried ?? votes
  const locks = carried?.locks
  const ballots = { ...votes.ballots, joined: ballot, prepared: { ballot, value } }
  const after: Votes = { ...votes, ballots, pendingLength, signed }
  return {
    answer: preparedAnswer(context, action, ballot, value),
    changes: [
      ...(locks === undefined ? [] : [{ _tag: "Stored", changes: locks.changes } as const]),
      { _tag: "Voted", action, votes: after }
    ],
    notices: [],
    writes: [...(locks?.writes ?? []), ...votesWrites(action, before, after, locks !== undefined)]
  }
}

const preparedAnswer = (
  { network, signer }: MemberContext,
  action: ActionId,
  ballot: Ballot,
  value: Decision
): MemberAnswer => ({
  _tag: "Prepared",
  ballot,
  signed: signClaim(signer, network, { action, ballot, kind: "prepared", value }),
  value
})
