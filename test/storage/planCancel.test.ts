import { describe, expect, it } from "@effect/vitest"
import { planCancel } from "../../src/storage/planCancel.ts"
import { planPend } from "../../src/storage/planPend.ts"
import { keys } from "../../src/storage/records.ts"
import { context, Planning } from "./Planning.ts"
import { recordsAfter, textOf } from "./plans.ts"
import { addLeaf, onlyLog } from "./Requests.ts"

const prepare = () => {
  const planning = new Planning()
  planning.commit({ writes: { books: addLeaf(["a"]) } })
  planning.commit({ writes: { cars: onlyLog } })
  return planning
}

const INTENT = { reads: ["cars"], writes: { books: addLeaf(["b"]) } }

describe("planCancel", () => {
  it("leaves nothing of a pended transaction but the mark that it was aborted", () => {
    const planning = prepare()
    const { actionId, request } = planning.author.transaction(planning.world, INTENT)
    const pended = planPend(context, planning.view, actionId, request)
    planning.view.add(pended.changes)
    const cancelled = planCancel(planning.view, actionId)
    expect(cancelled.answer).toEqual({ _tag: "Aborted", actionId })
    expect(Object.fromEntries(recordsAfter(pended.writes, cancelled.writes))).toEqual({
      [textOf(keys.ended(actionId))]: { outcome: "aborted" }
    })
  })

  it("frees its locks, and those of no other", () => {
    const planning = prepare()
    const reader = { reads: ["cars"], writes: {} }
    const { actionId } = planning.pend(INTENT)
    const other = planning.pend(reader)
    planning.view.add(planCancel(planning.view, actionId).changes)
    const tail = planning.author.tail(planning.world, "cars")
    expect(planning.view.locks(tail).map(({ holder }) => holder)).toEqual([other.actionId])
    expect(planning.view.locks(planning.author.tail(planning.world, "books"))).toEqual([])
  })

  it("marks a transaction that is not known, so that a late pend takes no lock", () => {
    const planning = prepare()
    const { actionId, request } = planning.author.transaction(planning.world, INTENT)
    const cancelled = planCancel(planning.view, actionId)
    expect(cancelled.answer).toEqual({ _tag: "Aborted", actionId })
    planning.view.add(cancelled.changes)
    expect(planPend(context, planning.view, actionId, request)).toMatchObject({
      answer: { _tag: "Refused" },
      writes: []
    })
  })

  it("asked again, answers the same and writes nothing", () => {
    const planning = prepare()
    const { actionId } = planning.pend(INTENT)
    planning.view.add(planCancel(planning.view, actionId).changes)
    expect(planCancel(planning.view, actionId)).toEqual({
      answer: { _tag: "Aborted", actionId },
      changes: {},
      writes: []
    })
  })

  it("does not undo what is committed", () => {
    const planning = prepare()
    const { actionId } = planning.commit(INTENT)
    const proof = planning.author.proof(actionId)
    expect(planCancel(planning.view, actionId)).toEqual({
      answer: { _tag: "Committed", actionId, proof },
      changes: {},
      writes: []
    })
  })
})
