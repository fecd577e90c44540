import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "@effect/vitest"
import type { Block } from "../../schemas/Block.ts"
import type { Json } from "../../schemas/Json.ts"
import type { Operation, Transform } from "../../schemas/Transform.ts"
import {
  applyOperation,
  applyTransform,
  leadsTo,
  rememberApplication,
  TransformMismatch
} from "../../src/block/apply.ts"
import { differences } from "../../src/block/Tracker.ts"
import { canonicalText } from "../../src/encoding/CanonicalJson.ts"
import * as Prng from "../../src/random/Prng.ts"
import { NaiveRefusal, naiveUpdate } from "../reference/NaiveBlocks.ts"
import { frozen, randomBlock, randomOperation } from "./randomBlocks.ts"

const SEEDS = 200
const STEPS = 40

/** What an effect gives, or that it refused, by the error that it refuses with. */
const orRefusal = <A>(refusal: new (reason: string) => Error, use: () => A): A | "refused" => {
  try {
    return use()
  } catch (thrown) {
    if (thrown instanceof refusal) return "refused"
    throw thrown
  }
}

const block = (fields: object): Block => ({ header: randomBlock(Prng.make(0), 0).header, ...fields }) as Block

describe("applyOperation", () => {
  it("random operations give what mutable arrays give, or are refused where they are", () => {
    let refused = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = Prng.make(seed)
      let current = frozen(randomBlock(random, 0))
      for (let step = 0; step < STEPS; step++) {
        const operation = frozen(randomOperation(random, current))
        const expected =
          operation[0] === "Not a name" ? "refused" : orRefusal(NaiveRefusal, () => naiveUpdate(current, [operation]))
        const actual = orRefusal(TransformMismatch, () => applyOperation(current, operation))
        if (!isDeepStrictEqual(actual, expected)) expect(actual, `${seed}/${step} ${operation}`).toEqual(expected)
        if (actual === "refused") refused++
        else current = frozen(actual)
      }
    }
    // Refusals are tried too, but are not the rule.
    expect(refused).toBeGreaterThan(SEEDS)
    expect(refused).toBeLessThan((SEEDS * STEPS) / 4)
  })

  it("what did not change is the same object as before, and the fields stay in canonical order", () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = Prng.make(`sharing/${seed}`)
      const before = frozen(randomBlock(random, 0))
      const operation = randomOperation(random, before)
      const after = orRefusal(TransformMismatch, () => applyOperation(before, operation))
      if (after === "refused") continue
      const [property, index, deleteCount, inserted] = operation
      for (const name of Object.keys(after)) {
        if (name !== property) expect(after[name]).toBe(before[name])
      }
      const [old, now] = [before[property], after[property]]
      if (Array.isArray(old) && Array.isArray(now)) {
        const added = (inserted as ReadonlyArray<Json>).length
        now.slice(0, index).forEach((item, i) => {
          expect(item).toBe(old[i])
        })
        now.slice(index + added).forEach((item, i) => {
          expect(item).toBe(old[index + deleteCount + i])
        })
      }
      const names = Object.keys(after)
      expect(names).toEqual(names.toSorted())
    }
  })

  it("takes more items at once than a function takes arguments", () => {
    const many = Array.from({ length: 300_000 }, (_, i) => i)
    const before = block({ entries: [-2, -1] })
    // With the text known, as it is of every block that was hashed.
    canonicalText(block({ entries: [] }))
    expect(applyOperation(before, ["entries", 1, 1, many]).entries).toEqual([-2, ...many])
    const long = applyOperation(before, ["entries", 1, 0, many.slice(0, 10)])
    canonicalText(long)
    expect(applyOperation(long, ["entries", 1, 0, many]).entries).toHaveLength(many.length + 12)
  })

  it.each<readonly [string, Operation]>([
    ["the header", ["header", 0, 0, {}]],
    ["a name that is none", ["__proto__", 0, 0, {}]],
    ["an integer-like name", ["1", 0, 0, 1]],
    ["a splice beyond the end", ["entries", 2, 1, []]],
    ["a splice of what is no array", ["title", 1, 0, []]],
    ["an assignment over an array", ["entries", 0, 0, "x"]],
    ["the removal of an array", ["entries", 0, 1, null]],
    ["the removal of what is not there", ["absent", 0, 1, null]],
    ["the removal of what only every object has", ["constructor", 0, 1, null]],
    ["a removal that inserts", ["title", 0, 1, "x"]]
  ])("refuses %s", (_what, operation) => {
    expect(() => applyOperation(block({ entries: [1, 2], title: "t" }), operation)).toThrow(TransformMismatch)
  })
})

describe("applyTransform", () => {
  const before = block({ entries: [1, 2] })
  const inserted = block({ entries: [3] })

  it.each<readonly [string, Block | undefined, Transform, Block | undefined]>([
    ["an insert is the block itself", undefined, { insert: inserted }, inserted],
    ["no operations are the block as it was", before, { operations: [] }, before],
    [
      "operations go one after another",
      before,
      {
        operations: [
          ["entries", 0, 1, []],
          ["entries", 0, 0, [7]],
          ["title", 0, 0, "t"]
        ]
      },
      block({ entries: [7, 2], title: "t" })
    ],
    ["a deletion leaves nothing", before, { delete: true }, undefined]
  ])("%s", (_rule, given, transform, expected) => {
    expect(applyTransform(given, transform)).toEqual(expected)
  })

  it.each<readonly [string, Block | undefined, Transform]>([
    ["an insert over a block", before, { insert: inserted }],
    ["operations on nothing", undefined, { operations: [] }],
    ["a deletion of nothing", undefined, { delete: true }]
  ])("refuses %s", (_what, given, transform) => {
    expect(() => applyTransform(given, transform)).toThrow(TransformMismatch)
  })

  it("gives what was remembered of the same transform on the same block, and on no other", () => {
    const transform: Transform = { operations: [["entries", 0, 1, []]] }
    const after = block({ entries: [2] })
    rememberApplication(transform, before, after)
    expect(applyTransform(before, transform)).toBe(after)
    const other = block({ entries: [8, 9] })
    expect(applyTransform(other, transform)).toEqual(block({ entries: [9] }))
  })
})

describe("differences", () => {
  it("lead from one version to the other, with one operation a property, or are not given", () => {
    let given = 0
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = Prng.make(`differences/${seed}`)
      const before = randomBlock(random, 0)
      const after = { ...randomBlock(random, 0), header: before.header }
      const operations = differences(before, after)
      if (operations === undefined) continue
      given++
      expect(new Set(operations.map(([property]) => property)).size).toBe(operations.length)
      expect(canonicalText(applyTransform(before, { operations }))).toBe(canonicalText(after))
    }
    expect(given).toBeGreaterThan(SEEDS / 4)
  })

  it("are none between equal versions, and skip the items at both ends that are shared", () => {
    const [a, b, c, d] = [{ a: 1 }, { b: 1 }, { c: 1 }, { d: 1 }]
    const before = block({ entries: [a, b, c] })
    expect(differences(before, { ...before })).toEqual([])
    expect(differences(before, { ...before, entries: [a, d, b, c] })).toEqual([["entries", 1, 0, [d]]])
    expect(differences(before, { ...before, entries: [a, c] })).toEqual([["entries", 1, 1, []]])
    expect(differences(before, { ...before, entries: [a, a, b, c] })).toEqual([["entries", 1, 0, [a]]])
  })
})

describe("leadsTo", () => {
  const [a, b, c] = [{ n: 1 }, { n: 2 }, { n: 3 }]
  const before = block({ entries: [a, b], title: "t" })

  it.each<[what: string, after: object, leads: boolean]>([
    ["the same values", { entries: [a, c, b], title: "t" }, true],
    ["a value too few", { entries: [a, c], title: "t" }, false],
    ["values in another order", { entries: [a, b, c], title: "t" }, false],
    ["an equal value that is not the same", { entries: [a, { n: 3 }, b], title: "t" }, false],
    ["another scalar", { entries: [a, c, b], title: "u" }, false],
    ["a property less", { entries: [a, c, b] }, false],
    ["a property more", { entries: [a, c, b], more: 1, title: "t" }, false]
  ])("tells operations that make %s", (_what, after, leads) => {
    const { header } = before
    expect(leadsTo({ operations: [["entries", 1, 0, [c]]] }, before, { header, ...after })).toBe(leads)
  })

  it("never takes a deletion for a change", () => {
    expect(leadsTo({ delete: true }, before, before)).toBe(false)
  })
})
