/** One flipped bit anywhere in the files of a store. `npm run flips` makes a thousand of them, `npm test` a few. */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { flips, meet, type Outcome, type StoreLayer, session, type Workload, workload } from "./FlippedStore.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const SEED = process.env.FLIPS_SEED ?? "flips"
const FLIPS = process.env.npm_lifecycle_event === "flips" ? 1_000 : 80
const TIMEOUT_MILLIS = 10_000 + 200 * FLIPS

const SESSIONS = 3
const BATCHES = 240

/** So small a journal is gone through many times, and so small a memory becomes a table often. */
const level: StoreLayer = (directory) =>
  LevelStorage.layer({ directory, journalSegmentBytes: 8 * 1024, writeBufferSizeBytes: 64 * 1024 })

/** Writes batches in several sessions, and leaves the last one as a killed process does. */
const makeStores = Effect.fnUntraced(function* (directory: string, { batches }: Workload) {
  const [closed, unclean] = [Path.join(directory, "closed"), Path.join(directory, "unclean")]
  for (let turn = 0; turn < SESSIONS; turn++) {
    const part = batches.slice((turn * BATCHES) / SESSIONS, ((turn + 1) * BATCHES) / SESSIONS)
    yield* session(level, closed, (storage) =>
      Effect.forEach(part, storage.write).pipe(
        Effect.zipRight(quietDirectory(closed)),
        Effect.zipRight(Effect.promise(() => FileSystem.cp(closed, unclean, { force: true, recursive: true })))
      )
    )
    if (turn < SESSIONS - 1) yield* Effect.promise(() => FileSystem.rm(unclean, { recursive: true }))
  }
  return { closed, unclean }
})

/** What names a file in an error: damage in the journal is named by the batches that are missing. */
const CULPRITS = [
  [/\.ldb$/, (file: string) => file],
  [/^MANIFEST-/, (file: string) => file],
  [/^CURRENT$/, (file: string) => file],
  [/\.json$/, (file: string) => file],
  [/^journal-/, () => "missing: "]
] as const

const culpritOf = (file: string): string => CULPRITS.find(([name]) => name.test(file))?.[1](file) ?? "no other file"

const tally = (outcomes: ReadonlyArray<Outcome>) => {
  const counts: Record<string, number> = {}
  for (const { file, met } of outcomes) {
    const what = `${file.replace(/[0-9]+/, "N")} ${met}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

describe("LevelStorage with one flipped bit", () => {
  for (const how of ["closed", "unclean"] as const) {
    it.scopedLive(
      `${how === "closed" ? "after it was closed" : "after its process was killed"}: right, or an error that names the culprit`,
      () =>
        Effect.gen(function* () {
          const random = Prng.make(`${SEED}/${how}`)
          const [made, copies] = [yield* temporaryDirectory, yield* temporaryDirectory]
          const written = workload(random.fork("workload"), BATCHES)
          const directory = (yield* makeStores(made, written))[how]
          const whole = Path.join(copies, "whole")
          yield* Effect.promise(() => FileSystem.cp(directory, whole, { recursive: true }))
          expect(yield* meet(level, whole, written)).toEqual({ met: "right", reason: "" })

          const outcomes = yield* flips(level, { copies, directory, workload: written }, random, FLIPS / 2)
          if (FLIPS >= 1_000) yield* Effect.log(how, tally(outcomes))
          expect(outcomes.filter(({ met }) => met === "wrong")).toEqual([])
          const typed = outcomes.filter(({ met }) => met === "typed")
          expect(typed.filter(({ file, reason }) => !reason.includes(culpritOf(file)))).toEqual([])
          // Nothing is damaged by a flip that nothing stands on; most are.
          expect(typed.length).toBeGreaterThan(FLIPS / 8)
          const reported = outcomes.filter(({ met }) => met === "reported")
          expect(reported.filter(({ file }) => how === "closed" || !file.startsWith("journal-"))).toEqual([])
        }),
      TIMEOUT_MILLIS
    )
  }
})
