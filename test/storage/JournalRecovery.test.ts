import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import type { JournalOperation } from "../../src/storage/JournalFrame.ts"
import * as JournalRecovery from "../../src/storage/JournalRecovery.ts"

const LAST = 8
const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const operationsOf = (n: number): ReadonlyArray<JournalOperation> => [{ key: "k", value: `${n}` }]

interface Sample {
  readonly rule: string
  readonly checkpoint: number
  readonly journal: ReadonlyArray<number>
  readonly highest?: number
  readonly index: ReadonlyArray<readonly [number, number]>
  readonly begun?: number
  readonly expected: { readonly replay: ReadonlyArray<number>; last: number; torn?: number } | ReadonlyArray<number>
}

const SAMPLES: ReadonlyArray<Sample> = [
  {
    rule: "replays all after the checkpoint, also what the index has, for its account may come from a log that lost others",
    checkpoint: 3,
    journal: [2, 3, 4, 5, 6],
    index: [[4, 5]],
    expected: { replay: [4, 5, 6], last: 6 }
  },
  {
    rule: "drops the last batch where only a part of it is there",
    checkpoint: 3,
    journal: [4, 5],
    highest: 6,
    index: [[4, 4]],
    expected: { replay: [4, 5], last: 5, torn: 6 }
  },
  {
    rule: "takes a damaged last batch from the index",
    checkpoint: 3,
    journal: [4, 5],
    highest: 6,
    index: [[4, 6]],
    expected: { replay: [], last: 6 }
  },
  {
    rule: "names a damaged last batch that the index has begun to take in: it was durable, and parts of it may be there",
    checkpoint: 3,
    journal: [4, 5],
    highest: 6,
    index: [],
    begun: 6,
    expected: [6]
  },
  {
    rule: "names a last batch that the index has begun to take in, and of which the journal has no trace",
    checkpoint: 3,
    journal: [4, 5],
    index: [],
    begun: 6,
    expected: [6]
  },
  {
    rule: "drops the last batch where the index had begun to take in those before it",
    checkpoint: 3,
    journal: [4, 5],
    highest: 6,
    index: [],
    begun: 5,
    expected: { replay: [4, 5], last: 5, torn: 6 }
  },
  {
    rule: "replays what follows a damaged batch that the index has",
    checkpoint: 3,
    journal: [4, 5, 7, 8],
    index: [
      [4, 4],
      [5, 7]
    ],
    expected: { replay: [7, 8], last: 8 }
  },
  {
    rule: "names a damaged batch that the index does not have",
    checkpoint: 3,
    journal: [4, 5, 7, 8],
    index: [[4, 5]],
    expected: [6]
  },
  {
    rule: "names a batch that the index lost before one that is damaged: replaying it would undo what followed",
    checkpoint: 3,
    journal: [4, 5, 7, 8],
    index: [
      [4, 4],
      [6, 6]
    ],
    expected: [5]
  },
  {
    rule: "names batches that left a trace, but for the last of them",
    checkpoint: 3,
    journal: [4],
    highest: 7,
    index: [],
    expected: [5, 6]
  },
  {
    rule: "leaves frames alone that are older than the index",
    checkpoint: 7,
    journal: [4, 5],
    index: [[6, 7]],
    expected: { replay: [], last: 7 }
  },
  {
    rule: "begins where nothing was written",
    checkpoint: 7,
    journal: [],
    index: [],
    expected: { replay: [], last: 7 }
  }
]

describe("the recovery of a journal", () => {
  for (const { begun = 0, checkpoint, expected, highest = 0, index, journal, rule } of SAMPLES) {
    it(rule, () => {
      const recovery = JournalRecovery.recover({
        checkpoint,
        index: { begun, runs: index.map(([first, last]) => ({ first, last })) },
        scan: { frames: new Map(journal.map((n) => [n, operationsOf(n)])), highest: Math.max(highest, ...journal) }
      })
      if (recovery._tag === "Lost") expect(recovery.missing.numbers).toEqual(expected)
      else {
        const { batches, last, torn } = recovery
        const replay = batches.map(([n]) => n)
        expect({ last, replay, ...(torn === undefined ? {} : { torn }) }).toEqual(expected)
      }
    })
  }

  it("ends with what was written, or names a loss: and names none where only one of journal and index is damaged", () => {
    const keys = FastCheck.array(FastCheck.integer({ min: 0, max: 2 }), { maxLength: 3 })
    const scenario = FastCheck.record({
      checkpoint: FastCheck.integer({ min: 0, max: LAST }),
      history: FastCheck.array(keys, { minLength: LAST, maxLength: LAST }),
      indexHolds: FastCheck.array(FastCheck.boolean(), { minLength: LAST, maxLength: LAST }),
      indexEnd: FastCheck.integer({ min: 0, max: LAST }),
      journalHolds: FastCheck.array(FastCheck.boolean(), { minLength: LAST, maxLength: LAST }),
      journalStart: FastCheck.integer({ min: 1, max: LAST }),
      damaged: FastCheck.constantFrom("journal", "index", "both")
    })
    FastCheck.assert(
      FastCheck.property(scenario, ({ checkpoint, damaged, history, ...given }) => {
        const operations = (n: number) => history[n - 1]!.map((key) => ({ key: `${key}`, value: `${n}` }))
        const stateOf = (batches: Iterable<number>, state = new Map<string, string>()) => {
          for (const n of batches) for (const { key, value } of operations(n)) state.set(key, value)
          return state
        }
        // Behind the checkpoint the index holds all; before it, what entered it but for what its log lost.
        const indexed = numbers(1, LAST).filter(
          (n) =>
            n <= checkpoint ||
            (n <= Math.max(checkpoint, given.indexEnd) && (damaged === "journal" || given.indexHolds[n - 1]))
        )
        const journal = numbers(Math.min(given.journalStart, checkpoint + 1), LAST).filter(
          (n) => damaged === "index" || given.journalHolds[n - 1]
        )
        const recovery = JournalRecovery.recover({
          checkpoint,
          index: { begun: 0, runs: indexed.map((n) => ({ first: n, last: n })) },
          // A damaged frame leaves its head or its foot.
          scan: { frames: new Map(journal.map((n) => [n, operations(n)])), highest: LAST }
        })
        if (recovery._tag === "Lost") {
          expect(damaged).not.toBe("index")
          const isInNeither = (n: number) => !journal.includes(n) && !indexed.includes(n)
          if (damaged === "journal") expect(recovery.missing.numbers.every(isInNeither)).toBe(true)
          return
        }
        const state = stateOf(
          recovery.batches.map(([n]) => n),
          stateOf(indexed)
        )
        expect(state).toEqual(stateOf(numbers(1, recovery.last)))
        // What the index has without a gap may be left out.
        const lacked = recovery.batches.map(([n]) => n).filter((n) => recovery.hasGap || n > recovery.held)
        expect(stateOf(lacked, stateOf(indexed))).toEqual(state)
        // One that is damaged looks like one that is being written, if it is the last of all.
        expect(recovery.last).toBe(recovery.torn === LAST ? LAST - 1 : LAST)
      }),
      { numRuns: 2_000 }
    )
  })
})
