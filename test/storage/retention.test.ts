import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import * as Prng from "../../src/random/Prng.ts"
import { type RevisionRun, retain } from "../../src/storage/Retention.ts"
import { keys, removed } from "../../src/storage/records.ts"
import { History, LARGE_CACHE, randomEdit, repoLayer, same } from "./History.ts"

const REVISIONS = 120
const ALL = 1_000

/** What a read gives, or the tag of its error. */
const outcomeOf = (id: BlockId, at: number) =>
  Effect.flatMap(StorageRepo, (repo) => repo.get([{ at: at as Rev, id }])).pipe(
    Effect.map(([stored]) => ({ _tag: "Read", stored }) as const),
    Effect.catchAll((error) => Effect.succeed({ ...error }))
  )

const storedContent = (id: BlockId) =>
  Effect.flatMap(RawStorage, (raw) =>
    Effect.map(
      Effect.forEach(["change", "whole"], (kind) => raw.range({ block: id, kind, limit: ALL, space: "block" })),
      (found) => found.map((records) => records.map(({ key }) => key[3] as number))
    )
  )

describe("a policy that keeps some revisions", () => {
  it.effect.each([
    { cacheBytes: 0, keptRevisions: 1, wholeEvery: 4 },
    { cacheBytes: LARGE_CACHE, keptRevisions: 10, wholeEvery: 4 },
    { cacheBytes: 4_000, keptRevisions: 7, wholeEvery: 16 },
    { cacheBytes: 0, keptRevisions: 20, wholeEvery: 1 }
  ])(
    "gives the newest $keptRevisions of each block as a model has them, and says of the others what they are",
    (policy) =>
      Effect.gen(function* () {
        const { keptRevisions, wholeEvery } = policy
        const repo = yield* StorageRepo
        const random = Prng.make(`retention/${keptRevisions}`)
        const history = new History(repo)
        const live: Array<BlockId> = []
        for (let rev = 1; rev <= REVISIONS; rev++) {
          yield* history.commit(randomEdit(random, live))
          const ids = history.model.ids
          const latest = yield* repo.get(ids.map((id) => ({ id })))
          for (const [i, id] of ids.entries()) {
            expect(same(latest[i]!.block, history.model.at(id, rev)!.block), id).toBe(true)
          }
        }
        let pruned = 0
        for (const id of history.model.ids) {
          const all = history.model.revisions(id)
          const from = all.at(-keptRevisions)?.rev ?? 0
          for (const { block, rev } of all) {
            const outcome = yield* outcomeOf(id, rev)
            if (outcome._tag === "Read") {
              expect(outcome.stored?.rev, `${id} at ${rev}`).toBe(rev)
              expect(same(outcome.stored?.block, block), `${id} at ${rev}`).toBe(true)
            } else {
              expect(outcome).toMatchObject({ _tag: "RevisionPruned", block: id, rev })
              expect(rev).toBeLessThan(from)
              pruned++
            }
            expect((yield* repo.proof(id, rev as Rev))?.revision.rev).toBe(rev)
          }
          const kept = all.filter(({ rev }) => rev >= from)
          const [changes, wholes] = yield* storedContent(id)
          expect(new Set([...changes!, ...wholes!]).size).toBeLessThan(kept.length + wholeEvery)
        }
        expect(pruned).toBeGreaterThan(REVISIONS / 4)
      }).pipe(Effect.provide(repoLayer(policy)))
  )

  it.effect("tells what was dropped from what should be there", () =>
    Effect.gen(function* () {
      const repo = yield* StorageRepo
      const raw = yield* RawStorage
      const history = new History(repo)
      const random = Prng.make("dropped")
      const live: Array<BlockId> = []
      for (let rev = 1; rev <= REVISIONS; rev++) yield* history.commit(randomEdit(random, live))
      const log = history.author.tail(history.world, "books")
      const [changes, wholes] = yield* storedContent(log)
      const first = history.model.revisions(log)[0]!.rev
      expect(yield* outcomeOf(log, first)).toMatchObject({ _tag: "RevisionPruned", rev: first })
      yield* raw.write(wholes!.map((rev) => removed(keys.whole(log, rev as Rev))))
      expect(yield* outcomeOf(log, Math.max(...changes!))).toMatchObject({ _tag: "CorruptRecord" })
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, keptRevisions: 4, wholeEvery: 4 })))
  )
})

describe("retain", () => {
  const id = "block" as BlockId
  const run = (...revs: ReadonlyArray<number>) => revs as ReadonlyArray<Rev> as RevisionRun
  const older = [run(1, 2), run(5, 7), run(8)]
  const present = run(10)

  it("keeps whole runs, as many as it takes", () => {
    const keptFromBy = (atLeast: number) => retain(id, { older }, run(9), present, atLeast).kept.keptFrom
    expect([1, 2, 3, 4, 5, 6, 7, 100].map(keptFromBy)).toEqual(
      [10, 9, 8, 5, 5, 1, 1, 1].map((rev) => (rev === 1 ? undefined : rev))
    )
  })

  it("drops the content of what it does not keep, and nothing else", () => {
    const { kept, writes } = retain(id, { older }, undefined, present, 2)
    expect(kept).toEqual({ keptFrom: 8, older: [run(8)] })
    const content = [
      keys.whole(id, 1 as Rev),
      keys.whole(id, 5 as Rev),
      ...[1, 2, 5, 7].map((rev) => keys.change(id, rev as Rev))
    ]
    expect(new Set(writes.map((write) => `${write.type} ${write.key.join("/")}`))).toEqual(
      new Set(content.map((key) => `delete ${key.join("/")}`))
    )
  })

  it("without a bound keeps everything, and remembers what was dropped before", () => {
    expect(retain(id, { keptFrom: 5 as Rev, older }, run(9), present, undefined)).toEqual({
      kept: { keptFrom: 5 },
      writes: []
    })
    expect(retain(id, {}, undefined, present, undefined)).toEqual({ kept: {}, writes: [] })
  })
})
