import { describe, expect, it } from "@effect/vitest"
import type { CommitRequest } from "../../schemas/Repo.ts"
import { planCancel } from "../../src/storage/planCancel.ts"
import { planCommit } from "../../src/storage/planCommit.ts"
import { planPend, planPendAndCommit } from "../../src/storage/planPend.ts"
import { context, Planning } from "./Planning.ts"
import { recordsAfter } from "./plans.ts"
import { addLeaf, type Intent, onlyLog, type Prepared } from "./Requests.ts"

const prepare = () => {
  const planning = new Planning()
  planning.commit({ writes: { books: addLeaf(["a"]) } })
  planning.commit({ writes: { cars: onlyLog } })
  return planning
}

const INTENT: Intent = { reads: ["cars"], writes: { books: addLeaf(["b"]) } }

const decided = (planning: Planning, { actionId, request }: Prepared, given = true): CommitRequest => ({
  actionId,
  proof: planning.author.proof(actionId),
  ...(given && { request })
})

describe("planCommit", () => {
  it("of a transaction that was pended, needs its id and proof only, and leaves nothing pending", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    const { actionId, request } = prepared
    const proof = planning.author.proof(actionId)
    const direct = planPendAndCommit(context, planning.view, actionId, request, () => proof)
    const pended = planPend(context, planning.view, actionId, request)
    planning.view.add(pended.changes)
    const plan = planCommit(context, planning.view, decided(planning, prepared, false))
    expect(plan.answer).toEqual({ _tag: "Committed", actionId, proof })
    expect(recordsAfter(pended.writes, plan.writes)).toEqual(recordsAfter(direct.writes))
    planning.view.add(plan.changes)
    expect(planning.view.locks(planning.author.tail(planning.world, "books"))).toEqual([])
    expect(planning.view.locks(planning.author.tail(planning.world, "cars"))).toEqual([])
  })

  it("of a transaction that was never pended, takes the manifest that comes with it", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    const plan = planCommit(context, planning.view, decided(planning, prepared))
    expect(plan.answer._tag).toBe("Committed")
    planning.view.add(plan.changes)
    for (const [id, { after, rev }] of prepared.world) {
      expect(planning.view.block(id)?.latest).toMatchObject({ after, rev })
    }
  })

  it("of a transaction that is not known, and without its manifest, is refused", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    expect(planCommit(context, planning.view, decided(planning, prepared, false))).toMatchObject({
      answer: { _tag: "Refused", actionId: prepared.actionId, reason: "its manifest is not known here" },
      writes: []
    })
  })

  it("of a manifest that is another transaction's, is refused", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    const other = planning.author.transaction(planning.world, { writes: { cars: onlyLog } })
    const mixed = { ...decided(planning, prepared), request: other.request }
    expect(planCommit(context, planning.view, mixed)).toMatchObject({
      answer: { _tag: "Refused", reason: "the manifest is of another transaction" },
      writes: []
    })
  })

  it("twice is the same as once", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    const request = decided(planning, prepared)
    const plan = planCommit(context, planning.view, request)
    planning.view.add(plan.changes)
    expect(planCommit(context, planning.view, request)).toEqual({ answer: plan.answer, changes: {}, writes: [] })
  })

  it("the locks of others are no obstacle to what is decided", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    const holder = planning.pend({ writes: { books: onlyLog, cars: onlyLog } })
    const plan = planCommit(context, planning.view, decided(planning, prepared))
    expect(plan.answer._tag).toBe("Committed")
    planning.view.add(plan.changes)
    // They stay until their own transaction ends.
    const tail = planning.author.tail(planning.world, "books")
    expect(planning.view.locks(tail).map(({ holder }) => holder)).toEqual([holder.actionId])
  })

  it("what it read may have changed since it was decided", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    planning.commit({ writes: { cars: onlyLog } })
    expect(planCommit(context, planning.view, decided(planning, prepared)).answer._tag).toBe("Committed")
  })

  it("what it writes must be the next revision: else it tells what was missed", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    planning.commit({ writes: { books: onlyLog } })
    expect(planCommit(context, planning.view, decided(planning, prepared))).toMatchObject({
      answer: { _tag: "Stale", missed: [{ block: planning.author.tail(planning.world, "books") }] },
      writes: []
    })
  })

  it("a decision outlives a cancellation that did not know of it", () => {
    const planning = prepare()
    const prepared = planning.author.transaction(planning.world, INTENT)
    planning.view.add(planCancel(planning.view, prepared.actionId).changes)
    expect(planCommit(context, planning.view, decided(planning, prepared)).answer._tag).toBe("Committed")
  })
})
