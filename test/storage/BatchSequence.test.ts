import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as BatchSequence from "../../src/storage/BatchSequence.ts"

/** What is in the slots after batches 1 to `last`, but for the lost ones. */
const slotsAfter = (last: number, lost: ReadonlySet<number> = new Set()): Map<number, number> => {
  const slots = new Map<number, number>()
  for (let n = Math.max(1, last - 2 * BatchSequence.RING_SIZE); n <= last; n++) {
    if (!lost.has(n)) slots.set(n % BatchSequence.RING_SIZE, n)
  }
  return slots
}

const lastNumber = FastCheck.integer({ min: 2, max: 3 * BatchSequence.RING_SIZE })
const RUNS = { numRuns: 50 }

describe("BatchSequence", () => {
  it("finds no gap where every batch was written, however often the ring went round", () => {
    const interesting = [0, 1, 2, BatchSequence.RING_SIZE - 1, BatchSequence.RING_SIZE, BatchSequence.RING_SIZE + 1]
    for (const last of [...interesting, 2 * BatchSequence.RING_SIZE, 3 * BatchSequence.RING_SIZE + 7]) {
      expect(BatchSequence.check(slotsAfter(last))).toEqual({ _tag: "Contiguous", last })
    }
  })

  it("names the batches of a ring that were lost before the last one", () => {
    const lastAndLost = lastNumber.chain((last) =>
      FastCheck.tuple(
        FastCheck.constant(last),
        FastCheck.uniqueArray(
          FastCheck.integer({ min: Math.max(1, last - BatchSequence.RING_SIZE + 1), max: last - 1 }),
          { minLength: 1, maxLength: BatchSequence.MAX_MISSING_LISTED }
        )
      )
    )
    FastCheck.assert(
      FastCheck.property(lastAndLost, ([last, lost]) => {
        expect(BatchSequence.check(slotsAfter(last, new Set(lost)))).toEqual({
          _tag: "Gap",
          missing: lost.toSorted((left, right) => left - right),
          missingCount: lost.length
        })
      }),
      RUNS
    )
  })

  it("takes lost last batches for an earlier end, unless a later number is known to have been durable", () => {
    const slots = slotsAfter(20, new Set([18, 19, 20]))
    expect(BatchSequence.check(slots)).toEqual({ _tag: "Contiguous", last: 17 })
    expect(BatchSequence.check(slots, 17)).toEqual({ _tag: "Contiguous", last: 17 })
    expect(BatchSequence.check(slots, 20)).toEqual({ _tag: "Gap", missing: [18, 19, 20], missingCount: 3 })
    expect(BatchSequence.check(new Map(), 1)).toEqual({ _tag: "Gap", missing: [1], missingCount: 1 })
  })

  it("finds a number in a slot that is not its own", () => {
    const slots = slotsAfter(20)
    slots.set(5, 6)
    expect(BatchSequence.check(slots)).toEqual({ _tag: "Gap", missing: [5], missingCount: 1 })
  })

  it("lists no more than a few numbers, and counts all", () => {
    const gap = BatchSequence.check(new Map([[1000, 1000]]))
    if (gap._tag !== "Gap") throw new Error("no gap found")
    expect(gap.missing).toHaveLength(BatchSequence.MAX_MISSING_LISTED)
    expect(gap.missingCount).toBe(999)
    expect(BatchSequence.describeGap(gap)).toMatch(/^999 acknowledged batch\(es\) are missing: 1, 2, .*, and 983 more$/)
  })

  it("reads back the numbers that it writes, and nothing else", () => {
    for (const n of [1, 16_384, Number.MAX_SAFE_INTEGER]) {
      expect(BatchSequence.readSlot(BatchSequence.slotValue(n))).toBe(n)
    }
    for (const value of [
      "",
      "1",
      '{"n":0}',
      '{"n":-1}',
      '{"n":1.5}',
      '{"n":"1"}',
      '{"n":9007199254740992}',
      '{ "n":1}'
    ]) {
      expect(BatchSequence.readSlot(value), value).toBeUndefined()
    }
  })

  it("has a slot for each batch in one range of bounded size", () => {
    expect(BatchSequence.slotOf(BatchSequence.RING_SIZE + 3)).toEqual(["store", "", "sequence", 3])
    expect(BatchSequence.RING).toEqual({ space: "store", block: "", kind: "sequence", limit: BatchSequence.RING_SIZE })
  })
})
