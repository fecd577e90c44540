import { describe, expect, it } from "@effect/vitest"
import { type ConflictFilter, filterPending } from "../../src/collection/ConflictFilter.ts"
import * as Lines from "./Lines.ts"

const insert = (at: number): Lines.Action => ({ data: { at, text: "t" }, type: "insert" })
const remove = (at: number): Lines.Action => ({ data: at, type: "remove" })

/** What is pending, what others did first, what is pending then. */
type Case = readonly [
  pending: ReadonlyArray<Lines.Action>,
  others: ReadonlyArray<Lines.Action>,
  expected: ReadonlyArray<Lines.Action>
]

describe("a conflict filter", () => {
  it.each<Case>([
    [[], [insert(0)], []],
    [[insert(1)], [insert(2)], [insert(1)]],
    [[insert(1)], [insert(1)], [insert(2)]],
    [[insert(1)], [insert(0), insert(0)], [insert(3)]],
    [[insert(2)], [remove(0)], [insert(1)]],
    [[remove(2)], [remove(2)], []],
    [[remove(2)], [remove(1), remove(1)], []],
    [[remove(2)], [insert(2), remove(0)], [remove(2)]],
    [[remove(0), insert(4)], [remove(0)], [insert(3)]],
    [[insert(0), remove(3)], [remove(3)], [insert(0)]]
  ])("rewrites, drops and keeps: %j after %j is %j", (pending, others, expected) => {
    expect(filterPending(Lines.filterConflict, pending, others)).toEqual(expected)
  })

  it("is asked for each pending action with all of the others' and with those ahead of it, as they were", () => {
    const asked: Array<unknown> = []
    const negate: ConflictFilter<number> = (own, others, before) => {
      asked.push([own, [...others], [...before]])
      return own === 2 ? undefined : -own
    }
    expect(filterPending(negate, [1, 2, 3], [7, 8])).toEqual([-1, -3])
    expect(asked).toEqual([
      [1, [7, 8], []],
      [2, [7, 8], [1]],
      [3, [7, 8], [1, 2]]
    ])
  })
})
