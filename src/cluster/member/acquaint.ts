/** The manifest that a request is about: brought along and checked, or known here. Protocol §2. */
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Manifest, SignedManifest } from "../../../schemas/Manifest.ts"
import { signedProblem } from "../evidence/SignedManifest.ts"
import { misplacedProblem } from "./examine.ts"
import type { MemberContext } from "./MemberContext.ts"
import { type MemberPlan, onlyAnswer } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { knownEnd, ownShards, settled } from "./settled.ts"
import { noVotes, type Votes } from "./Votes.ts"

/** A transaction that a member may sign something about. */
export interface Acquainted {
  readonly action: ActionId
  readonly manifest: Manifest
  readonly votes: Votes
  /** Whether anything was promised before. */
  readonly before: Votes | undefined
}

/** A plan that says why not, or the transaction. */
export type Acquaintance = { readonly refused: MemberPlan } | Acquainted

const refused = (plan: MemberPlan): Acquaintance => ({ refused: plan })

/**
 * Makes sure of a transaction: that its manifest is known or brought along, that its author signed it, that all its shards
 * have K members, and that there is still something to say. `isPrimaryOnly`: only members of the primary shard take part, and
 * of a transaction that names other members than blocks have none does.
 */
export const acquaint = (
  context: MemberContext,
  view: MemberView,
  action: ActionId,
  brought: SignedManifest | undefined,
  isPrimaryOnly: boolean
): Acquaintance => {
  const before = view.votes(action)
  const signed = before?.signed ?? brought
  if (signed === undefined) {
    return refused(onlyAnswer(knownEnd(view, action) ?? { _tag: "Unknown" }))
  }
  const { manifest } = signed
  if (before === undefined) {
    const reason = signedProblem(context, action, signed)
    if (reason !== undefined) return refused(onlyAnswer({ _tag: "Invalid", reason }))
    const unfit = shardSizeProblem(context, manifest)
    if (unfit !== undefined) return refused(membership(unfit))
  }
  const [first] = ownShards(context, manifest)
  if (first === undefined) return refused(membership("no shard names this node as a member"))
  if (isPrimaryOnly && first[0] !== 0) return refused(membership("this node is no member of the primary shard"))
  if (isPrimaryOnly && before === undefined) {
    // A promise about what can neither be decided nor be shown to be over would be kept for ever.
    const misplaced = misplacedProblem(context, view, manifest)
    if (misplaced !== undefined) return refused(onlyAnswer(misplaced))
  }
  const over = settled(context, view, action, signed)
  return over === undefined ? { action, before, manifest, votes: before ?? noVotes(signed) } : refused(over)
}

/** Why not all shards have K members. A smaller cluster would have smaller quorums. */
export const shardSizeProblem = ({ clusterSize }: MemberContext, { shards }: Manifest): string | undefined => {
  const unfit = shards.findIndex(({ members }) => members.length !== clusterSize)
  return unfit < 0 ? undefined : `shard ${unfit} has not ${clusterSize} members`
}

const membership = (reason: string): MemberPlan => onlyAnswer({ _tag: "Membership", reason })
