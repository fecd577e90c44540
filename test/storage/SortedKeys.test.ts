import { describe, expect, it } from "@effect/vitest"
import { SortedKeys } from "../../layers/storage/SortedKeys.ts"
import * as Prng from "../../src/random/Prng.ts"

const STEPS = 20_000
const KEY_SPACE = 6_000
const READ_EVERY = 100

/** Keys of one length, so that their order is the order of their numbers. */
const keyOf = (n: number) => String(n).padStart(6, "0")

describe("SortedKeys", () => {
  for (const [name, initial] of [
    ["empty at first", 0],
    ["of many keys at first", 5_000]
  ] as const) {
    it(`gives what a sorted array gives, ${name}, growing and shrinking over many chunks`, () => {
      const random = Prng.make(initial)
      const model = new Set(random.shuffle(Array.from({ length: initial }, (_, n) => keyOf(n))))
      const keys = new SortedKeys(model)
      for (let step = 0; step < STEPS; step++) {
        const key = keyOf(random.nextInt(KEY_SPACE))
        // More is added in the first half, more deleted in the second.
        const isAdd = random.nextInt(4) < (step < STEPS / 2 ? 3 : 1)
        if (!isAdd) {
          keys.delete(key)
          model.delete(key)
        } else if (!model.has(key)) {
          keys.add(key)
          model.add(key)
        }
        if (step % READ_EVERY > 0) continue
        const [lowest, highest] = [keyOf(random.nextInt(KEY_SPACE)), keyOf(random.nextInt(KEY_SPACE))]
        const limit = random.nextInt(KEY_SPACE)
        const between = [...model].filter((key) => lowest <= key && key <= highest).sort()
        expect(keys.ascending(lowest, highest, limit)).toEqual(between.slice(0, limit))
        expect(keys.descending(lowest, highest, limit)).toEqual(between.toReversed().slice(0, limit))
      }
      const all = [...model].sort()
      expect(keys.ascending("", "~", Number.POSITIVE_INFINITY)).toEqual(all)
      for (const key of all) keys.delete(key)
      expect(keys.ascending("", "~", 1)).toEqual([])
    })
  }

  it("keeps keys that arrive in order, or in reverse", () => {
    const inOrder = Array.from({ length: 3_000 }, (_, n) => keyOf(n))
    for (const arriving of [inOrder, inOrder.toReversed()]) {
      const keys = new SortedKeys()
      for (const key of arriving) keys.add(key)
      expect(keys.ascending("", "~", Number.POSITIVE_INFINITY)).toEqual(inOrder)
      expect(keys.descending("", "~", 2)).toEqual(inOrder.slice(-2).toReversed())
    }
  })
})
