import { describe, expect, it } from "@effect/vitest"
import { planCancel } from "../../src/storage/planCancel.ts"
import { planPend, planPendAndCommit } from "../../src/storage/planPend.ts"
import { keys } from "../../src/storage/records.ts"
import { context, Planning } from "./Planning.ts"
import { keysPut, recordsAfter, textOf } from "./plans.ts"
import { addLeaf, onlyLog } from "./Requests.ts"

const prepare = () => {
  const planning = new Planning()
  planning.commit({ writes: { books: addLeaf(["a"]) } })
  planning.commit({ writes: { cars: onlyLog } })
  const prepared = planning.author.transaction(planning.world, { reads: ["cars"], writes: { books: onlyLog } })
  const proof = planning.author.proof(prepared.actionId)
  return {
    ...prepared,
    books: planning.author.tail(planning.world, "books"),
    cars: planning.author.tail(planning.world, "cars"),
    pend: () => planPend(context, planning.view, prepared.actionId, prepared.request),
    pendAndCommit: () => planPendAndCommit(context, planning.view, prepared.actionId, prepared.request, () => proof),
    planning,
    proof
  }
}

describe("planPend", () => {
  it("takes a lock on every block, and keeps all that applying the transaction will need", () => {
    const { actionId, books, cars, pend, request } = prepare()
    const plan = pend()
    expect(plan.answer).toEqual({ _tag: "Pended", actionId })
    expect(plan.changes.locked).toEqual([
      [books, { holder: actionId, mode: "write" }],
      [cars, { holder: actionId, mode: "read" }]
    ])
    expect(Object.fromEntries(recordsAfter(plan.writes))).toEqual({
      [textOf(keys.lock(books, actionId))]: { mode: "write" },
      [textOf(keys.lock(cars, actionId))]: { mode: "read" },
      [textOf(keys.manifest(actionId))]: request.signed,
      [textOf(keys.pending(books, actionId))]: request.payload[books]
    })
  })

  it("changes no block", () => {
    const { books, pend, planning } = prepare()
    const before = planning.view.block(books)
    planning.view.add(pend().changes)
    expect(planning.view.block(books)).toBe(before)
  })

  it("asked again, answers the same and writes nothing", () => {
    const { actionId, pend, planning } = prepare()
    planning.view.add(pend().changes)
    expect(pend()).toEqual({ answer: { _tag: "Pended", actionId }, changes: {}, writes: [] })
  })

  it("of a transaction that is committed, answers with its proof, whatever happened since", () => {
    const { actionId, pend, pendAndCommit, planning, proof } = prepare()
    planning.view.add(pendAndCommit().changes)
    expect(pend()).toEqual({ answer: { _tag: "Committed", actionId, proof }, changes: {}, writes: [] })
    expect(pendAndCommit()).toEqual(pend())
  })

  it("of a transaction that was aborted, refuses for ever", () => {
    const { actionId, pend, pendAndCommit, planning } = prepare()
    planning.view.add(planCancel(planning.view, actionId).changes)
    for (const plan of [pend(), pendAndCommit()]) {
      expect(plan).toMatchObject({ answer: { _tag: "Refused", actionId }, changes: {}, writes: [] })
    }
  })

  it("takes no lock where it does not approve", () => {
    const { pend, planning } = prepare()
    planning.commit({ writes: { books: onlyLog } })
    expect(pend()).toMatchObject({ answer: { _tag: "Stale" }, changes: {}, writes: [] })
  })
})

describe("planPendAndCommit", () => {
  it("stores nothing that is pending, and takes no lock", () => {
    const { actionId, pendAndCommit, proof } = prepare()
    const plan = pendAndCommit()
    expect(plan.answer).toEqual({ _tag: "Committed", actionId, proof })
    expect(plan.changes.locked).toBeUndefined()
    expect(keysPut(plan).filter((key) => key.startsWith("lock/") || key.includes("/pend/"))).toEqual([])
    expect(plan.writes.filter(({ type }) => type === "delete")).toEqual([])
  })

  it("commits what was pended before, and leaves nothing of that behind", () => {
    const at = prepare()
    const pended = at.pend()
    at.planning.view.add(pended.changes)
    const plan = at.pendAndCommit()
    expect(plan.answer._tag).toBe("Committed")
    const direct = prepare()
    const expected = recordsAfter(direct.pendAndCommit().writes)
    expect([...recordsAfter(pended.writes, plan.writes).keys()].sort()).toEqual([...expected.keys()].sort())
  })

  it("is not decided where it is not approved", () => {
    const { actionId, planning, request } = prepare()
    planning.pend({ writes: { books: onlyLog } })
    const decide = () => {
      throw new Error("decided")
    }
    const plan = planPendAndCommit(context, planning.view, actionId, request, decide)
    expect(plan).toMatchObject({ answer: { _tag: "Locked" }, changes: {}, writes: [] })
  })
})
