/** What a member may forget. Protocol §4, *Forgetting*. */
import type { ActionId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import { entriesOf } from "../../storage/manifestRules.ts"
import { keys, removed } from "../../storage/records.ts"
import { baseRev } from "../evidence/Exclusion.ts"
import type { MemberContext } from "./MemberContext.ts"
import type { MemberPlan } from "./MemberPlan.ts"
import type { MemberView } from "./MemberView.ts"
import { isNeverForgotten, ownShards } from "./settled.ts"

/** The part of a plan that is no answer. */
export type Forgetting = Omit<MemberPlan, "answer">

const NOTHING: Forgetting = { changes: [], notices: [], writes: [] }

/**
 * Drops what is left of a transaction that has ended, once all it names here is superseded: a late message about it then
 * meets newer revisions. What a transaction wrote here is never forgotten, nor is what proves it; nor, by its primary shard, one
 * that only reads.
 */
export const forget = (context: MemberContext, view: MemberView, action: ActionId): Forgetting => {
  const record = view.transaction(action)
  if (record?._tag === "Aborted" && record.shown !== undefined) {
    const { manifest } = record.shown.signed
    if (isNeverForgotten(context, manifest) || !isSuperseded(context, view, manifest)) return NOTHING
    return { ...NOTHING, changes: [{ _tag: "Forgotten", action }], writes: [removed(keys.ended(action))] }
  }
  const signed = view.applied(action)
  if (record?._tag !== "Committed" || signed === undefined) return NOTHING
  const { manifest } = signed
  const writesHere = ownShards(context, manifest).some(([, shard]) => entriesOf(shard.writes).length > 0)
  if (writesHere || isNeverForgotten(context, manifest) || !isSuperseded(context, view, manifest)) return NOTHING
  return {
    ...NOTHING,
    changes: [{ _tag: "Forgotten", action }],
    writes: [removed(keys.proof(action)), removed(keys.manifest(action))]
  }
}

/** Whether each written block here is above its base, and each read one above the revision that was read. */
const isSuperseded = (context: MemberContext, view: MemberView, manifest: Manifest): boolean =>
  ownShards(context, manifest).every(([, { reads, writes }]) =>
    [...entriesOf(writes).map(([id, { base }]) => [id, base] as const), ...entriesOf(reads)].every(
      ([id, base]) => (view.block(id)?.latest.rev ?? 0) > baseRev(base)
    )
  )
