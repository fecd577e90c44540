import { describe, expect, it } from "@effect/vitest"
import * as StrictSerializability from "../../../simulator/checker/StrictSerializability.ts"
import { explain, type History } from "../../../simulator/checker/StrictSerializability.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { isProof, isStrictlySerializable } from "../../reference/NaiveSerializability.ts"
import { ACCEPTED, append, early, late, REJECTED, read, together, transaction } from "./anomalies.ts"
import { type Faults, NO_FAULTS, randomHistory } from "./histories.ts"

const names = (history: History) => StrictSerializability.check(history).map(({ name }) => name)

describe("the checker", () => {
  it.each(ACCEPTED)("accepts %s", (_, history) => {
    expect(isStrictlySerializable(history)).toBe(true)
    expect(names(history)).toEqual([])
  })

  it.each(REJECTED)("names %s: %s", (name, _, history) => {
    expect(isStrictlySerializable(history)).toBe(false)
    expect(names(history)).toEqual([name])
  })

  it.each(REJECTED)("finds %s whatever order transactions are given in: %s", (name, _, history) => {
    for (let seed = 0; seed < 20; seed++) expect(names(Prng.make(seed).shuffle(history))).toEqual([name])
  })

  it("prefers the shortest cycle", () => {
    const ring = Array.from({ length: 6 }, (_, i) =>
      transaction(`T${i}`, together, [
        append(`k${i}`, 1),
        read(`k${(i + 1) % 6}`, 1),
        ...(i === 3 ? [read("k2", 1)] : [])
      ])
    )
    const [violation, ...others] = StrictSerializability.check(ring)
    expect(others).toEqual([])
    expect(violation).toMatchObject({ name: "G1c", dependencies: { length: 2 } })
  })

  it("prefers the shortest cycle also where an append that nobody saw is part of it", () => {
    const history = [
      transaction("A", together, [append("x", 1), append("y", 1)]),
      transaction("B", together, [read("x"), read("y", 1), append("z", 1)]),
      transaction("C", together, [read("x"), append("z", 2)]),
      transaction("D", together, [read("z", 1, 2)]),
      transaction("E", together, [append("x", 2)])
    ]
    for (let seed = 0; seed < 50; seed++) {
      const [violation] = StrictSerializability.check(Prng.make(seed).shuffle(history))
      expect(violation).toMatchObject({ name: "G-single", dependencies: { length: 2 } })
    }
  })

  it("reports entangled groups one by one, so many of each name", () => {
    const pairs = Array.from({ length: 5 }, (_, i) => [
      transaction(`A${i}`, together, [read(`x${i}`), append(`y${i}`, 1)]),
      transaction(`B${i}`, together, [read(`y${i}`), append(`x${i}`, 1)])
    ]).flat()
    expect(names(pairs)).toEqual(["G2", "G2", "G2", "G2", "G2"])
    expect(StrictSerializability.check(pairs, { maxPerName: 2 })).toHaveLength(2)
  })

  it.each<readonly [string, History]>([
    ["a value appended twice", [transaction("A", early, [append("x", 1)]), transaction("B", late, [append("x", 1)])]],
    ["two transactions of one id", [transaction("A", early, []), transaction("A", late, [])]],
    ["an end before its start", [transaction("A", [2, 1], [])]]
  ])("refuses a history with %s", (_, history) => {
    expect(() => StrictSerializability.check(history)).toThrow("cannot be checked")
  })
})

describe("an explanation", () => {
  const explanationOf = (history: History) => StrictSerializability.check(history).map(explain).join("\n\n")

  it("shows each transaction, and why each edge is there", () => {
    const history = [
      transaction("T1", [0, 10], [read("cities/NL"), append("log", 7)]),
      transaction("T2", [0, 4], [append("cities/NL", 1)]),
      transaction("T3", [5, 9], [read("log", 7)]),
      transaction("R", [11, 12], [read("cities/NL", 1)])
    ]
    expect(explanationOf(history)).toBe("")
    const cycle = [
      ...history.slice(0, 2),
      transaction("T3", [5, 9], [append("cities/NL", 2)]),
      transaction("T4", [10, 11], [read("cities/NL", 2, 1)])
    ]
    expect(explanationOf(cycle)).toBe(
      [
        "G0+realtime: 2 transactions wait for each other, so no order of them explains what they saw.",
        "",
        "  T2, from 0 to 4, committed",
        "    append 1 to cities/NL",
        "  T3, from 5 to 9, committed",
        "    append 2 to cities/NL",
        "",
        "  T2 is before T3: it ended at 4, and T3 started later, at 5 (real time).",
        "  T3 is before T2: T2 appended 1 to cities/NL after T3 had appended 2 (ww).",
        "  So T2 would have to be before itself."
      ].join("\n")
    )
  })

  it("says what was not seen", () => {
    expect(
      explanationOf([
        transaction("A", together, [append("x", 1), append("y", 1)]),
        transaction("B", together, [read("x", 1), read("y")])
      ])
    ).toBe(
      [
        "G-single: 2 transactions wait for each other, so no order of them explains what they saw.",
        "",
        "  B, from 0 to 10, committed",
        "    read x as [1]",
        "    read y as []",
        "  A, from 0 to 10, committed",
        "    append 1 to x",
        "    append 1 to y",
        "",
        "  B is before A: B read y as [], without 1 that A appended (rw).",
        "  A is before B: B read x as [1], with 1 that A appended (wr).",
        "  So B would have to be before itself."
      ].join("\n")
    )
  })

  it("keeps long lists short, around what matters", () => {
    const values = Array.from({ length: 100 }, (_, i) => i)
    const writer = transaction(
      "W",
      early,
      values.map((value) => append("x", value))
    )
    const torn = transaction("R", late, [read("x", ...values.slice(0, 50), 777, ...values.slice(50))])
    expect(explanationOf([writer, torn])).toContain("[… 46 more, 46, 47, 48, 49, 777, 50, 51, 52, … 47 more]")
  })

  it.each(REJECTED)("of %s names every transaction involved: %s", (_, __, history) => {
    for (const violation of StrictSerializability.check(history)) {
      const involved = "dependencies" in violation ? violation.dependencies.map(({ from }) => from.id) : []
      const text = explain(violation)
      expect(text.startsWith(`${violation.name}: `)).toBe(true)
      for (const id of involved) expect(text).toContain(`${id}, from`)
    }
  })
})

describe("random histories", () => {
  const shape = { transactions: 4, keys: 2, operations: 4, concurrency: 4, finalReads: true }

  it("of transactions that took effect one at a time are accepted", () => {
    for (let seed = 0; seed < 300; seed++) {
      const prng = Prng.make(`serial/${seed}`)
      const faults = { ...NO_FAULTS, aborted: 0.2, unknown: 0.2 }
      const history = randomHistory(prng, { ...shape, transactions: 60, finalReads: seed % 2 === 0 }, faults)
      expect(StrictSerializability.check(history).map(explain)).toEqual([])
    }
  })

  it("that are accepted come with an order that proves it; others with none", () => {
    const verdicts = { accepted: 0, rejected: 0 }
    for (let seed = 0; seed < 300; seed++) {
      const faults = { ...NO_FAULTS, aborted: 0.1, unknown: 0.2, torn: 0.01, staleRead: 0.01 }
      const history = randomHistory(Prng.make(`proof/${seed}`), { ...shape, transactions: 60, keys: 4 }, faults)
      const order = StrictSerializability.serialOrder(history)
      verdicts[order === undefined ? "rejected" : "accepted"]++
      expect(order === undefined).toBe(StrictSerializability.check(history).length > 0)
      if (order !== undefined) expect(isProof(history, order)).toBe(true)
    }
    expect(Math.min(verdicts.accepted, verdicts.rejected)).toBeGreaterThan(50)
  })

  it.each<readonly [string, Partial<Faults>, boolean]>([
    ["torn transactions", { torn: 0.3 }, true],
    ["reads that nobody validates", { unvalidated: 0.5 }, true],
    ["stale reads", { staleRead: 0.15 }, true],
    ["lost appends", { lostAppend: 0.1 }, true],
    ["unknown outcomes", { torn: 0.5, unknown: 0.4 }, true],
    ["aborts that leak", { aborted: 0.3, leaked: 0.3 }, true],
    ["everything", { torn: 0.1, staleRead: 0.05, lostAppend: 0.05, aborted: 0.1, leaked: 0.1, unknown: 0.2 }, true],
    ["everything, without final reads", { torn: 0.3, staleRead: 0.05, unknown: 0.2 }, false],
    ["scrambled reads", { torn: 0.1, unknown: 0.2, scrambled: 0.3 }, true]
  ])("with %s get the verdict of a checker that tries every order", (name, faults, finalReads) => {
    const verdicts = { accepted: 0, rejected: 0 }
    for (let seed = 0; seed < 1_000; seed++) {
      const prng = Prng.make(`${name}/${seed}`)
      const history = randomHistory(prng, { ...shape, finalReads }, { ...NO_FAULTS, ...faults })
      const expected = isStrictlySerializable(history)
      verdicts[expected ? "accepted" : "rejected"]++
      const violations = StrictSerializability.check(history)
      if ((violations.length === 0) !== expected) {
        expect.fail(
          `seed ${seed} should be ${expected}:\n${violations.map(explain).join("\n")}\n${JSON.stringify(history)}`
        )
      }
    }
    // Agreement on one verdict only would prove little.
    expect(Math.min(verdicts.accepted, verdicts.rejected)).toBeGreaterThan(150)
  })
})

describe("a history of 8,000 transactions", () => {
  const shape = { transactions: 8_000, keys: 12, operations: 4, concurrency: 16, finalReads: true }

  it.each<readonly [string, Partial<Faults>, string | undefined]>([
    ["without a fault", { aborted: 0.05, unknown: 0.01 }, undefined],
    ["with a stale read here and there", { staleRead: 0.01 }, "G-single"],
    ["of a system that validates no reads", { unvalidated: 1 }, "G-single"],
    ["of a system that isolates nothing", { torn: 1 }, "internal"],
    ["that loses appends", { lostAppend: 0.001 }, "lost-append"]
  ])("%s is checked in seconds", (name, faults, expected) => {
    const history = randomHistory(Prng.make(name), shape, { ...NO_FAULTS, ...faults })
    const started = performance.now()
    const violations = StrictSerializability.check(history)
    const elapsed = performance.now() - started
    if (expected === undefined) {
      expect(violations).toEqual([])
      expect(isProof(history, StrictSerializability.serialOrder(history) ?? [])).toBe(true)
    } else expect(violations.map(({ name }) => name)).toContain(expected)
    expect(elapsed).toBeLessThan(5_000)
  })
})
