import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"

const LAST = 60
const run = FastCheck.tuple(FastCheck.integer({ min: 1, max: LAST }), FastCheck.integer({ min: 0, max: 9 })).map(
  ([first, more]): BatchSequence.BatchRun => ({ first, last: first + more })
)
/** Some are empty. */
const window = FastCheck.tuple(FastCheck.integer({ min: 1, max: LAST }), FastCheck.integer({ min: -9, max: LAST })).map(
  ([first, more]): BatchSequence.BatchRun => ({ first, last: first + more })
)

describe("BatchSequence", () => {
  it("names the numbers of a window that no run covers, whatever the runs and their order", () => {
    FastCheck.assert(
      FastCheck.property(window, FastCheck.array(run, { maxLength: 12 }), (asked, runs) => {
        const uncovered: Array<number> = []
        for (let n = asked.first; n <= asked.last; n++) {
          if (!runs.some(({ first, last }) => first <= n && n <= last)) uncovered.push(n)
        }
        expect(BatchSequence.missing(asked, runs)).toEqual(
          uncovered.length === 0
            ? undefined
            : { count: uncovered.length, numbers: uncovered.slice(0, BatchSequence.MAX_MISSING_LISTED) }
        )
      })
    )
  })

  it("lists no more than a few numbers, and counts all, however many", () => {
    const missing = BatchSequence.missing({ first: 1, last: Number.MAX_SAFE_INTEGER - 1 }, [{ first: 3, last: 3 }])
    expect(missing?.numbers).toHaveLength(BatchSequence.MAX_MISSING_LISTED)
    expect(missing?.count).toBe(Number.MAX_SAFE_INTEGER - 2)
    expect(BatchSequence.describeMissing({ count: 999, numbers: [1, 2] })).toBe(
      "999 acknowledged batch(es) are missing: 1, 2, and 997 more"
    )
  })

  it("reads back the runs that it writes, and nothing else", () => {
    for (const [first, last] of [
      [1, 1],
      [16_384, 16_390],
      [1, Number.MAX_SAFE_INTEGER]
    ] as const) {
      expect(BatchSequence.readSlot(BatchSequence.slotValue({ first, last }))).toEqual({ first, last })
    }
    for (const value of [
      "",
      "1",
      '{"first":0,"last":1}',
      '{"first":2,"last":1}',
      '{"first":1,"last":1.5}',
      '{"first":1,"last":9007199254740992}',
      '{"last":1,"first":1}',
      '{ "first":1,"last":1}'
    ]) {
      expect(BatchSequence.readSlot(value), value).toBeUndefined()
    }
  })

  it("has a slot for each step in one range of bounded size", () => {
    const step = { first: 1, last: BatchSequence.RING_SIZE + 3 }
    expect(BatchSequence.slotOf(step)).toEqual(["store", "", "sequence", 3])
    expect(BatchSequence.RING).toEqual({ space: "store", block: "", kind: "sequence", limit: BatchSequence.RING_SIZE })
  })
})
