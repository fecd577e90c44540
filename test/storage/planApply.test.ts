import { describe, expect, it } from "@effect/vitest"
import type { BlockId } from "../../schemas/Ids.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import { type Approval, checkPend } from "../../src/storage/checkPend.ts"
import type { Plan } from "../../src/storage/Plan.ts"
import { defaultRevisionPolicy, planApply, type RevisionPolicy } from "../../src/storage/planApply.ts"
import { type HeadRecord, keys, latestRev } from "../../src/storage/records.ts"
import { context, Planning } from "./Planning.ts"
import { keysPut, recordsAfter, textOf } from "./plans.ts"
import { addLeaf, type Edit, type SignedRequest } from "./Requests.ts"

/** Entries long enough that one change is small beside the block. */
const LONG = Array.from({ length: 40 }, (_, i) => `entry ${i} ${"x".repeat(50)}`)

const makeHistory = (policy: RevisionPolicy, entries: ReadonlyArray<string> = LONG) => {
  const planning = new Planning()
  let leaf = "" as BlockId
  const plans: Array<Plan> = []
  const apply = (edit: Edit): SignedRequest & { readonly plan: Plan } => {
    const prepared = planning.author.transaction(planning.world, { writes: { books: edit } })
    const { actionId, request } = prepared
    const approval = checkPend(context, planning.view, actionId, request) as Approval
    const plan = planApply(request, approval, planning.author.proof(actionId), policy)
    planning.view.add(plan.changes)
    planning.world = prepared.world
    plans.push(plan)
    return { ...prepared, plan }
  }
  apply(
    addLeaf(entries, (id) => {
      leaf = id
    })
  )
  return { apply, leaf, planning, plans }
}

/** How each revision of a block was stored: `whole`, `change`, or both. */
const formsOf = (plans: ReadonlyArray<Plan>, leaf: BlockId) =>
  plans.map((plan) =>
    keysPut(plan)
      .filter((key) => key.startsWith(`block/${leaf}/`))
      .map((key) => key.split("/")[2])
      .filter((kind) => kind === "whole" || kind === "change")
      .join("+")
  )

const touch =
  (leaf: BlockId, step: number): Edit =>
  (store) =>
    store.update(leaf, ["entries", 0, 1, [`t${step}`]])

describe("planApply", () => {
  it("stores a transaction's revisions, manifest and proof together", () => {
    const { apply, leaf, planning } = makeHistory(defaultRevisionPolicy)
    const base = planning.view.block(leaf)!.latest
    const { actionId, plan, request } = apply(touch(leaf, 1))
    const records = recordsAfter(plan.writes)
    const { after } = request.signed.manifest.shards[0].writes[leaf]!
    expect(base.rev).toBe(1)
    expect(records.get(textOf(keys.manifest(actionId)))).toEqual(request.signed)
    expect(records.get(textOf(keys.proof(actionId)))).toEqual(planning.author.proof(actionId))
    expect(planning.view.block(leaf)!.latest).toEqual({
      actionId,
      after,
      base: { hash: base.after, rev: 1 },
      rev: 2
    })
    expect(planning.view.transaction(actionId)).toEqual({ _tag: "Committed", proof: planning.author.proof(actionId) })
  })

  it.each([1, 2, 3, 16])("of %d revisions in a row, one is stored whole", (wholeEvery) => {
    const { apply, leaf, plans } = makeHistory({ wholeEvery })
    for (let step = 1; step < 40; step++) apply(touch(leaf, step))
    expect(formsOf(plans, leaf)).toEqual(
      plans.map((_plan, i) => (i === 0 ? "whole" : i % wholeEvery === 0 ? "change+whole" : "change"))
    )
  })

  it("stores a revision whole once the changes since would be longer than the block", () => {
    const { apply, leaf, planning, plans } = makeHistory({ wholeEvery: 1_000 }, ["x".repeat(1_000)])
    let since = 0
    for (let step = 1; step < 150; step++) {
      const { request } = apply(touch(leaf, step))
      const { block, whole } = planning.view.block(leaf)!
      const change = canonicalText(request.payload[leaf]).length
      const isWhole = since + change > canonicalText(block).length
      since = isWhole ? 0 : since + change
      expect(formsOf(plans.slice(-1), leaf)).toEqual([isWhole ? "change+whole" : "change"])
      expect(whole === step + 1).toBe(isWhole)
    }
    expect(formsOf(plans, leaf).filter((form) => form === "change+whole").length).toBeGreaterThan(1)
  })

  it("a deletion stores a revision and no content", () => {
    const { apply, leaf, planning, plans } = makeHistory(defaultRevisionPolicy)
    apply((store) => store.remove(leaf))
    expect(formsOf(plans, leaf)).toEqual(["whole", ""])
    const { block, latest } = planning.view.block(leaf)!
    expect([block, latest.after]).toEqual([undefined, "deleted"])
    expect(keysPut(plans.at(-1)!)).toContain(textOf(keys.revision(leaf, latest.rev)))
  })

  it("the head record tells how the latest revision is put together, and the member set stays", () => {
    const { apply, leaf, planning, plans } = makeHistory({ wholeEvery: 4 })
    for (let step = 1; step < 11; step++) {
      apply(touch(leaf, step))
      const { collection, latest, members, since, sinceLength, whole } = planning.view.block(leaf)!
      const head = recordsAfter(plans.at(-1)!.writes).get(textOf(keys.head(leaf))) as HeadRecord
      expect(head).toEqual({ collection, since, sinceLength, whole })
      expect(latestRev(head)).toBe(latest.rev)
      expect(since).toEqual(Array.from({ length: latest.rev - whole }, (_, i) => whole + 1 + i))
      expect(since.length).toBeLessThan(4)
      expect(members).toEqual([context.self])
    }
    const memberRecords = plans.flatMap(keysPut).filter((key) => key === textOf(keys.members(leaf)))
    expect(memberRecords).toHaveLength(1)
  })
})
