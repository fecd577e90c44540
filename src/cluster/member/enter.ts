/** A member takes an entry into its part of the cluster index. Protocol §1, *cluster index*. */
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { Entering } from "../../../services/ClusterMember.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { keys, puts, removed } from "../../storage/records.ts"
import { creationIn, creationProblem } from "../evidence/Creation.ts"
import type { MemberContext } from "./MemberContext.ts"
import type { MemberPlan } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { planEnd } from "./settled.ts"

/** A plan whose answer is what became of an entry. */
export interface EnterPlan extends Omit<MemberPlan, "answer"> {
  readonly answer: Entering
}

const nothing = (answer: Entering): EnterPlan => ({ answer, changes: [], notices: [], writes: [] })

/**
 * Takes an entry of which it is known that it stands: that f + 1 peers say so, or that its members are those that this one sees
 * itself. Whoever was about to create the same collection over other members is excluded by it.
 */
export const enter = (context: MemberContext, view: MemberView, entry: CertifiedRevision): EnterPlan => {
  const { block, proof, signed } = entry
  const creation = creationIn(context, entry)
  if (creation === undefined || creationProblem(context, context.clusterSize, entry) !== undefined) {
    return nothing("unproved")
  }
  const { creator } = creation
  const known = view.block(block) === undefined ? view.entry(block) : view.revisionAfter(block, 0)
  if (known !== undefined) {
    if (actionId(context.hasher, known.signed.manifest) === creator) return nothing("known")
    const reason = `collection ${block} is created over two clusters`
    return { ...nothing("contradicted"), notices: [{ _tag: "Alarm", action: creator, reason }] }
  }
  const freed = release(view, entry, creator)
  return {
    answer: "entered",
    changes: [{ _tag: "Entered", entry }, ...freed.flatMap(({ changes }) => changes)],
    notices: [],
    writes: [puts.entry(block, { certified: { proof, signed }, creator }), ...freed.flatMap(({ writes }) => writes)]
  }
}

type Release = Pick<MemberPlan, "changes" | "writes">

/** What becomes of those who hold a lock on the absent header: who creates it is excluded, who read it keeps all other locks. */
const release = (
  view: MemberView,
  entry: CertifiedRevision,
  creator: ReturnType<typeof actionId>
): ReadonlyArray<Release> =>
  view.locks(entry.block).flatMap(({ holder, mode }): ReadonlyArray<Release> => {
    if (holder === creator) return []
    if (mode === "read") {
      const change = { _tag: "Unlocked", block: entry.block, holder } as const
      return [{ changes: [change], writes: [removed(keys.lock(entry.block, holder))] }]
    }
    const record = view.transaction(holder)
    return record?._tag === "Pending" ? [planEnd(view, holder, record.signed, { _tag: "Excluded", by: entry })] : []
  })
