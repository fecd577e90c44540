/**
 * One flipped bit anywhere in the files of a store, or in one of their names; one file that is gone, or cut off. `npm run flips`
 * flips a thousand bits for each kind of store, `npm test` a few.
 */
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FilesStorage from "../../layers/storage/FilesStorage.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import type { RawStorageService } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import * as RecordPath from "../../src/storage/RecordPath.ts"
import * as Damage from "./Damage.ts"
import { type MadeStore, meet, meetDamage, type Outcome, type StoreLayer, session, workload } from "./FlippedStore.ts"
import { quietDirectory } from "./quietDirectory.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const SEED = process.env.FLIPS_SEED ?? "flips"
const IS_LONG = process.env.npm_lifecycle_event === "flips"
/** How often each kind of damage is done to a store that ended in one way. */
const TIMES: Record<Damage.DamageKind, number> = IS_LONG
  ? { bit: 334, cut: 50, missing: 50, name: 50 }
  : { bit: 10, cut: 2, missing: 2, name: 3 }
const TIMEOUT_MILLIS = IS_LONG ? 1_800_000 : 60_000
const PROGRESS_EVERY = 50

const SESSIONS = 3
const BATCHES = 240

/** How a store ended: closed; killed; killed once its index had taken in all that was written. */
const ENDS = ["closed", "killed", "settled"] as const
type End = (typeof ENDS)[number]

interface Kind {
  readonly layer: StoreLayer
  /** What an error says, one of these, where this file or folder is damaged. */
  readonly culprits: (path: string) => ReadonlyArray<string>
  /** Files whose damage nobody need notice: nothing stands on them, or something else tells the same. */
  readonly spare: RegExp
}

/** So small a journal is gone through many times, and so small a memory becomes a table often. */
const JOURNAL_SEGMENT_BYTES = 8 * 1024
const WRITE_BUFFER_BYTES = 64 * 1024

const JOURNAL = /^journal-/
/** Damage in the journal is named by the batches that are missing, or may be. */
const JOURNAL_CULPRITS = ["missing", "journal-"]

const KINDS: Record<"LevelStorage" | "FilesStorage", Kind> = {
  LevelStorage: {
    layer: (directory) =>
      LevelStorage.layer({
        directory,
        journalSegmentBytes: JOURNAL_SEGMENT_BYTES,
        writeBufferSizeBytes: WRITE_BUFFER_BYTES
      }),
    culprits: (path) => (JOURNAL.test(path) ? JOURNAL_CULPRITS : [path]),
    spare: /\.log$|^LOCK$|^LOG/
  },
  FilesStorage: {
    layer: (directory) => FilesStorage.layer({ directory, journalSegmentBytes: JOURNAL_SEGMENT_BYTES }),
    culprits: (path) => {
      if (JOURNAL.test(path)) return JOURNAL_CULPRITS
      const place = RecordPath.decode(path)
      // The store's own files are named as the records that they are.
      if (place === undefined) return [path.replace(/\.json$/, "")]
      const name = place._tag === "Record" ? place.key : [place.space, place.block ?? ""]
      // A file that is there by another name is named by its path.
      return [JSON.stringify(name).replace(/"?\]$/, ""), `${Path.dirname(path)}/`]
    },
    spare: /^in-use|^tmp/
  }
}

const ALL_OF_ONE = { block: "block 0", kind: "rev", limit: 1, space: "block" } as const

/** Writes batches in several sessions, and leaves the last one as a process does that ends in this way. */
const makeStore = Effect.fnUntraced(function* ({ layer }: Kind, end: End, random: Prng.Prng) {
  const [made, copies] = [yield* temporaryDirectory, yield* temporaryDirectory]
  const written = workload(random.fork("workload"), BATCHES)
  const [closed, copy] = [Path.join(made, "closed"), Path.join(made, "copy")]
  const leave = (storage: RawStorageService) =>
    Effect.zipRight(
      end === "settled" ? storage.range(ALL_OF_ONE) : Effect.void,
      Effect.zipRight(
        quietDirectory(closed),
        Effect.promise(() => FileSystem.cp(closed, copy, { recursive: true }))
      )
    )
  for (let turn = 0; turn < SESSIONS; turn++) {
    const part = written.batches.slice((turn * BATCHES) / SESSIONS, ((turn + 1) * BATCHES) / SESSIONS)
    yield* session(layer, closed, (storage) =>
      Effect.zipRight(
        Effect.forEach(part, storage.write),
        turn === SESSIONS - 1 && end !== "closed" ? leave(storage) : Effect.void
      )
    )
  }
  const store: MadeStore = { copies, directory: end === "closed" ? closed : copy, layer, workload: written }
  return store
})

const tally = (outcomes: ReadonlyArray<Outcome>) => {
  const counts: Record<string, number> = {}
  for (const { damage, met } of outcomes) {
    const what = `${damage.kind} ${Damage.kindOfFile(damage.path)} ${met}`
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

/** Does damage of all kinds, one at a time. */
const meetAll = Effect.fnUntraced(function* (store: MadeStore, random: Prng.Prng, name: string) {
  const entries = yield* Effect.promise(() => Damage.entriesOf(store.directory))
  const outcomes: Array<Outcome> = []
  for (const kind of Damage.KINDS) {
    for (let time = 0; time < TIMES[kind]; time++) {
      outcomes.push(yield* meetDamage(store, Damage.pick(entries, kind, random)))
      if (IS_LONG && outcomes.length % PROGRESS_EVERY === 0) yield* Effect.log(`${name}: ${outcomes.length}`)
    }
  }
  if (IS_LONG) yield* Effect.log(name, tally(outcomes))
  return outcomes
})

describe.each(["LevelStorage", "FilesStorage"] as const)("%s, damaged in one place", (name) => {
  const kind = KINDS[name]
  for (const end of ENDS) {
    it.scopedLive(
      `after it was ${end}: right, or an error that names the culprit`,
      () =>
        Effect.gen(function* () {
          const random = Prng.make(`${SEED}/${end}`)
          const store = yield* makeStore(kind, end, random)
          const whole = Path.join(store.copies, "whole")
          yield* Effect.promise(() => FileSystem.cp(store.directory, whole, { recursive: true }))
          expect(yield* meet(kind.layer, whole, store.workload)).toEqual({ met: "right", reason: "" })

          const outcomes = yield* meetAll(store, random, `${name} ${end}`)
          expect(outcomes.filter(({ met }) => met === "wrong")).toEqual([])
          const typed = outcomes.filter(({ met }) => met === "typed")
          const isNamed = ({ damage, reason }: Outcome) =>
            Damage.pathsOf(damage)
              .flatMap(kind.culprits)
              .some((culprit) => reason.includes(culprit))
          expect(typed.filter((outcome) => !isNamed(outcome))).toEqual([])
          expect(typed.filter(({ damage }) => kind.spare.test(damage.path))).toEqual([])
          // Nothing is damaged by a flip that nothing stands on; most are.
          expect(typed.length).toBeGreaterThan(outcomes.length / 4)
          const reported = outcomes.filter(({ met }) => met === "reported")
          expect(reported.filter(({ damage }) => end !== "killed" || !JOURNAL.test(damage.path))).toEqual([])
        }),
      TIMEOUT_MILLIS
    )
  }
})
