/** A member is asked for its vote. Protocol §2. */
import type { MemberAnswer, ShardVote } from "../../../schemas/Cluster.ts"
import type { PendRequest } from "../../../schemas/Repo.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { signClaim } from "../../encoding/Statements.ts"
import { hasRefusals, isOneRound } from "../ClusterRules.ts"
import { type Acquainted, acquaint } from "./acquaint.ts"
import { examine } from "./examine.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { ownShards } from "./settled.ts"
import { payloadLength, type Vote, type Votes, votesWrites } from "./Votes.ts"

/** Votes, once and for ever; or says why it does not vote. */
export const pend = (context: MemberContext, view: MemberView, request: PendRequest): MemberPlan => {
  const action = actionId(context.hasher, request.signed.manifest)
  const known = acquaint(context, view, action, request.signed, false)
  if ("refused" in known) return known.refused
  const { manifest, votes } = known
  if (votes.vote !== undefined) return onlyAnswer(voteAnswer(context, known, votes.vote))
  const { joined } = votes.ballots
  // Its approval would be a vote in ballot 0, and it has said that it has none there.
  if (joined !== null && isOneRound(context, manifest)) return onlyAnswer({ _tag: "Outranked", joined })
  const examined = examine(context, view, known, request)
  switch (examined._tag) {
    case "Deferred":
      return examined.plan
    case "Faulty":
      return hasRefusals(manifest)
        ? voted(context, known, { kind: "refuse", reason: examined.reason }, false)
        : onlyAnswer(examined.answer)
    case "Sound": {
      const { changes, writes } = examined.plan
      const votes = { ...known.votes, pendingLength: payloadLength(request.payload), signed: examined.signed }
      const plan = voted(context, { ...known, votes }, { kind: "approve" }, true)
      // Locks and payload are durable together with the vote.
      return { ...plan, changes: [{ _tag: "Stored", changes }, ...plan.changes], writes: [...writes, ...plan.writes] }
    }
  }
}

const voted = (context: MemberContext, known: Acquainted, vote: Vote, isPended: boolean): MemberPlan => {
  const { action, before } = known
  const votes: Votes = { vote, ...known.votes }
  return {
    answer: voteAnswer(context, known, vote),
    changes: [{ _tag: "Voted", action, votes }],
    notices: [],
    writes: votesWrites(action, before, votes, isPended)
  }
}

/** A vote, signed for each shard by itself: what is signed for one counts in no other. */
const voteAnswer = (context: MemberContext, { action, manifest }: Acquainted, vote: Vote): MemberAnswer => {
  const { network, signer } = context
  const [first, ...others] = ownShards(context, manifest).map(
    ([shard]): ShardVote => ({ shard, signed: signClaim(signer, network, { action, kind: vote.kind, shard }) })
  )
  const votes = [first!, ...others] as const
  return vote.kind === "approve" ? { _tag: "Approved", votes } : { _tag: "Declined", reason: vote.reason, votes }
}
