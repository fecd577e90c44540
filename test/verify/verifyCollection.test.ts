import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Tree } from "effect-optimystic"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockRead, StoredBlock } from "../../schemas/Repo.ts"
import { RawStorage, type StorageRecord } from "../../services/RawStorage.ts"
import * as Prng from "../../src/random/Prng.ts"
import { keys } from "../../src/storage/records.ts"
import type { VerifyProgress, VerifyReport } from "../../src/verify/verifyCollection.ts"
import { keyText, StorageFaults } from "../storage/FaultyStorage.ts"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"
import { answering, damageable, fill, historyRecords, Items } from "./Stores.ts"

const stores = {
  level: Layer.unwrapScoped(Effect.map(temporaryDirectory, (directory) => LevelStorage.layer({ directory }))),
  memory: MemoryStorage.layer
}

const verify = (options: Parameters<Tree.Tree<unknown, unknown>["verify"]>[0] = {}) =>
  Effect.flatMap(Tree.open(Items), (items) => items.verify(options))

/** A check while one record reads otherwise. */
const verifyWith = ({ key }: StorageRecord, text: string | undefined) =>
  Effect.gen(function* () {
    const { readAs } = yield* StorageFaults
    readAs.set(keyText(key), text)
    // Where even the header or the tail is damaged, opening it says so.
    const report = yield* Effect.either(verify())
    readAs.delete(keyText(key))
    return report
  })

const byName = (records: ReadonlyArray<StorageRecord>, ...kinds: ReadonlyArray<string>) =>
  records.filter(({ key: [space, , kind] }) => kinds.includes(space === "block" ? kind : space))

const firstProblem = (report: VerifyReport) => report.problems[0]

/** Another character in its place. */
const flip = (text: string, index: number): string => {
  const flipped = String.fromCharCode(text.charCodeAt(index) ^ 1)
  return text.slice(0, index) + flipped + text.slice(index + 1)
}

for (const [name, store] of Object.entries(stores)) {
  describe(`The check of a collection, on ${name}`, () => {
    it.live("finds nothing wrong with one that is sound, and tells how far it is", () =>
      Effect.gen(function* () {
        yield* fill
        const told: Array<VerifyProgress> = []
        const report = yield* verify({ onProgress: (progress) => Effect.sync(() => told.push(progress)) })
        expect(report.problems).toEqual([])
        expect(report).toMatchObject({ isComplete: true, pruned: 0, rev: 71, revisions: 71 })
        const records = yield* historyRecords
        expect(report.blockRevisions).toBe(byName(records, "rev").length)
        expect(told.filter(({ phase }) => phase === "history")).toEqual(
          [32, 64, 71].map((done) => ({ done, phase: "history", total: 71 }))
        )
        expect(told.at(-1)).toEqual({ done: report.structureBlocks, phase: "structure", total: undefined })
      }).pipe(Effect.provide(damageable(store)))
    )

    it.live(
      "notices any changed character of a content, a list of revisions, a manifest or a proof, and names it",
      () =>
        Effect.gen(function* () {
          yield* fill
          const records = yield* historyRecords
          const prng = Prng.make("flips")
          for (let i = 0; i < FLIPS; i++) {
            const kind = ["rev", "whole", "change", "transaction", "proof"][i % 5]!
            const candidates = byName(records, kind)
            const record = candidates[prng.nextInt(candidates.length)]!
            const [space, block, , rev] = record.key
            const damaged = flip(record.value, prng.nextInt(record.value.length))
            const report = yield* verifyWith(record, damaged)
            const label = `${record.key.join("/")} as ${damaged}`
            if (report._tag === "Left") expect(JSON.stringify(report.left), label).toContain(block)
            else {
              const problem = firstProblem(report.right)
              expect(problem, label).toBeDefined()
              if (space === "block") expect([problem?.block, problem?.reason].join(), label).toContain(block)
              if (space === "block" && problem?.kind === "content") expect(problem.rev, label).toBe(rev)
              if (space !== "block") expect(problem?.kind, label).toBe("proof")
            }
          }
          expect((yield* verify()).problems).toEqual([])
        }).pipe(Effect.provide(damageable(store)))
    )

    it.live("names a record that is gone", () =>
      Effect.gen(function* () {
        yield* fill
        const records = yield* historyRecords
        const [manifest] = byName(records, "transaction")
        const gone = yield* verifyWith(manifest!, undefined)
        expect(gone._tag === "Right" && gone.right.problems[0]).toMatchObject({ kind: "proof" })
        const [proof] = byName(records, "proof")
        const unproved = yield* verifyWith(proof!, undefined)
        expect(unproved._tag === "Right" && unproved.right.problems[0]).toMatchObject({ kind: "proof" })
      }).pipe(Effect.provide(damageable(store)))
    )
  })
}

const FLIPS = 20

describe("The check of a collection", () => {
  const memory = damageable(MemoryStorage.layer)

  it.live("names a signature of the author, or of a member, that is of something else", () =>
    Effect.gen(function* () {
      yield* fill
      const records = yield* historyRecords
      const wants = { proof: /decision certificate has 0 valid signatures/, transaction: /author's signature/ }
      for (const [kind, reason] of Object.entries(wants)) {
        const [one, other] = byName(records, kind)
        const signature = (text: string) => /"signature":"([a-z2-7]+)"/.exec(text)![1]!
        const forged = one!.value.replace(signature(one!.value), signature(other!.value))
        const report = yield* verifyWith(one!, forged)
        expect(report._tag === "Right" && report.right.problems).toMatchObject([{ kind: "proof" }])
        expect(report._tag === "Right" && firstProblem(report.right)?.reason).toMatch(reason)
      }
    }).pipe(Effect.provide(memory))
  )

  it.live("goes on after a problem, and names several, but no more than it may", () =>
    Effect.gen(function* () {
      yield* fill
      const { readAs } = yield* StorageFaults
      for (const { key } of byName(yield* historyRecords, "proof")) readAs.set(keyText(key), "{}")
      const report = yield* verify({ maxProblems: 7 })
      expect(report.problems.map(({ rev }) => rev)).toEqual([1, 2, 3, 4, 5, 6, 7])
      expect(report.isComplete).toBe(false)
      const all = yield* verify({ maxProblems: 1_000 })
      expect(all.problems.length).toBe(71)
      expect((yield* Effect.flip(verify({ maxProblems: -1 })))._tag).toBe("Invalid")
    }).pipe(Effect.provide(memory))
  )

  it.live("takes contents that are no longer kept for no problem, and counts them", () =>
    Effect.gen(function* () {
      yield* fill
      const { readAs } = yield* StorageFaults
      const records = yield* historyRecords
      // Of each block the oldest whole copy, if there is a newer one.
      const wholes = byName(records, "whole")
      const old = wholes.filter(({ key }, i) => wholes[i + 1]?.key[1] === key[1] && wholes[i - 1]?.key[1] !== key[1])
      expect(old.length).toBeGreaterThan(1)
      for (const { key } of old) {
        readAs.set(keyText(key), undefined)
        // The head says from where on contents are kept.
        const headKey = keys.head(key[1] as BlockId)
        const head = yield* Effect.flatMap(RawStorage, (raw) => raw.get(headKey))
        const keptFrom = wholes[wholes.findIndex((whole) => whole.key === key) + 1]!.key[3]
        readAs.set(keyText(headKey), JSON.stringify({ ...JSON.parse(head!), keptFrom }))
      }
      const report = yield* verify()
      expect(report).toMatchObject({ isComplete: true, problems: [] })
      expect(report.pruned).toBeGreaterThan(old.length)
      expect(report.blockRevisions + report.pruned).toBe(byName(records, "rev").length)
      const items = yield* Tree.open(Items)
      const past = yield* Effect.flip(Effect.flatMap(items.atRevision(1), (view) => view.count()))
      expect(past._tag).toBe("RevisionPruned")
    }).pipe(Effect.provide(memory))
  )

  it.live(
    "names the block whose links, entries or keys are not what belongs there, though its readers are given them",
    () =>
      Effect.gen(function* () {
        yield* fill
        for (const [type, kind, reason, change] of misreadings) {
          let culprit = ""
          const misread = (block: Block): Block => {
            const changed = block.header.type === type ? change(block) : undefined
            if (changed === undefined || (culprit !== "" && culprit !== block.header.id)) return block
            culprit = block.header.id
            return changed
          }
          const altered = answering(({ get }) => ({
            get: (reads: ReadonlyArray<BlockRead>) =>
              Effect.map(get(reads), (found) =>
                found.map((stored): StoredBlock | undefined =>
                  stored?.block === undefined ? stored : { ...stored, block: misread(stored.block) }
                )
              )
          }))
          const report = yield* Effect.provide(verify(), altered)
          expect(culprit).not.toBe("")
          expect(firstProblem(report)).toMatchObject({ kind })
          expect(report.problems.some((problem) => problem.block === culprit && reason.test(problem.reason))).toBe(true)
        }
      }).pipe(Effect.provide(memory))
  )

  it.live("names the block whose content is not what was signed, though the store vouches for it", () =>
    Effect.gen(function* () {
      yield* fill
      const altered = answering(({ stored }) => ({
        stored: (id, at) =>
          Effect.map(stored(id, at), (found) =>
            found?.block?.header.type === "leaf" && at === 40
              ? { ...found, block: { ...found.block, entries: [] } }
              : found
          )
      }))
      const report = yield* Effect.provide(verify(), altered)
      expect(report.problems).toMatchObject([{ kind: "content", reason: "its content has another hash", rev: 40 }])
    }).pipe(Effect.provide(memory))
  )
})

const lastOf = <A>(items: unknown): A => (items as ReadonlyArray<A>).at(-1)!

/** What readers are given of a block of a type, in place of what it is; undefined where it is not the one. */
const misreadings: ReadonlyArray<
  readonly [type: string, kind: string, reason: RegExp, change: (block: Block) => Block | undefined]
> = [
  ["log", "log", /priorHash/, (block) => (block.prior === undefined ? undefined : { ...block, priorHash: "forged" })],
  [
    "log",
    "log",
    /leads elsewhere|does not continue|not later|has prior/,
    (block) => (block.next === undefined ? undefined : { ...block, next: block.header.id })
  ],
  [
    "log",
    "proof",
    /the entry has other time/,
    (block) => {
      if (block.next !== undefined) return undefined
      const entries = block.entries as ReadonlyArray<object>
      return { ...block, entries: [...entries.slice(0, -1), { ...lastOf<object>(entries), time: 1 }] }
    }
  ],
  [
    "leaf",
    "structure",
    /not above the one before/,
    (block) => ({ ...block, keys: [...(block.keys as ReadonlyArray<number>)].reverse() })
  ]
]
