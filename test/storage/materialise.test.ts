import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Block } from "../../schemas/Block.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import { RawStorage, type StorageKey } from "../../services/RawStorage.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import * as Prng from "../../src/random/Prng.ts"
import { keys, removed } from "../../src/storage/records.ts"
import { History, LARGE_CACHE, randomEdit, repoLayer, same } from "./History.ts"
import { addLeaf } from "./Requests.ts"

const REVISIONS = 80

describe("any revision of any block", () => {
  it.effect.each([
    { cacheBytes: 0, wholeEvery: 16 },
    { cacheBytes: 4_000, wholeEvery: 3 },
    { cacheBytes: LARGE_CACHE, wholeEvery: 1 },
    { cacheBytes: LARGE_CACHE, wholeEvery: 1_000 }
  ])("is what a model has, with a cache of $cacheBytes bytes and one of $wholeEvery stored whole", (settings) =>
    Effect.gen(function* () {
      const repo = yield* StorageRepo
      const random = Prng.make(`materialise/${settings.wholeEvery}`)
      const history = new History(repo)
      const live: Array<BlockId> = []
      for (let rev = 1; rev <= REVISIONS; rev++) {
        yield* history.commit(randomEdit(random, live))
        const { ids } = history.model
        const latest = yield* repo.get(ids.map((id) => ({ id })))
        ids.forEach((id, i) => {
          const expected = history.model.at(id, rev)!
          expect(latest[i]!.rev, id).toBe(expected.rev)
          expect(same(latest[i]!.block, expected.block), id).toBe(true)
        })
      }
      let tombstones = 0
      for (const id of history.model.ids) {
        for (let at = 1; at <= REVISIONS + 1; at++) {
          const expected = history.model.at(id, at)
          const [stored] = yield* repo.get([{ at: at as Rev, id }])
          expect(stored?.rev, `${id} at ${at}`).toBe(expected?.rev)
          expect(same(stored?.block, expected?.block), `${id} at ${at}`).toBe(true)
          const isTombstone = expected !== undefined && expected.block === undefined
          expect(stored?.after === "deleted", `${id} at ${at}`).toBe(isTombstone)
          if (isTombstone) tombstones++
        }
        const revisions = yield* repo.revisions(id, { from: 1 as Rev, limit: 1_000 })
        expect(revisions.map(({ rev }) => rev)).toEqual(history.model.revisions(id).map(({ rev }) => rev))
      }
      expect(tombstones).toBeGreaterThan(0)
      expect(yield* repo.get([{ id: history.author.collection("never") as BlockId }])).toEqual([undefined])
    }).pipe(Effect.provide(repoLayer(settings)))
  )
})

/** A leaf with ten revisions, of which 1, 5 and 9 are whole. */
const makeLeaf = Effect.gen(function* () {
  const history = new History(yield* StorageRepo)
  let id = "" as BlockId
  const entries = Array.from({ length: 30 }, (_, i) => `entry ${i}`)
  yield* history.commit(
    addLeaf(entries, (added) => {
      id = added
    })
  )
  for (let rev = 2; rev <= 10; rev++) {
    const added = [`added at ${rev}`]
    yield* history.commit((store) => store.update(id, ["entries", 0, 0, added], ["keys", 0, 0, added]))
  }
  return { history, id }
})

const forget = (...gone: ReadonlyArray<StorageKey>) => Effect.flatMap(RawStorage, (raw) => raw.write(gone.map(removed)))

const readAt = (id: BlockId, at: number) => Effect.flatMap(StorageRepo, (repo) => repo.get([{ at: at as Rev, id }]))

const rev = (number: number) => number as Rev

/** The fields of the error that an effect fails with. */
const failureOf = <A, E extends object, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error) => ({ ...error }), onSuccess: () => ({ _tag: "Success" }) })

describe("content that is not kept here", () => {
  it.effect("of an old revision, with nothing older, is a corrupt record: nothing was dropped", () =>
    Effect.gen(function* () {
      const { id } = yield* makeLeaf
      yield* forget(keys.whole(id, rev(1)))
      expect(yield* failureOf(readAt(id, 3))).toMatchObject({ _tag: "CorruptRecord", key: expect.stringContaining(id) })
      expect((yield* readAt(id, 6))[0]?.block?.entries).toContain("added at 6")
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, wholeEvery: 4 })))
  )

  it.effect("where an older one is whole, is put together from its changes", () =>
    Effect.gen(function* () {
      const { id } = yield* makeLeaf
      yield* forget(keys.whole(id, rev(5)))
      for (let at = 1; at <= 8; at++) expect((yield* readAt(id, at))[0]?.rev).toBe(at)
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, wholeEvery: 4 })))
  )

  it.effect.each([
    ["a change of an old revision", "change", 7, 7],
    ["the whole block that the head names", "whole", 9, 10],
    ["a change that the head names", "change", 10, 10]
  ] as const)("%s that should be here is a corrupt record", ([_what, kind, missing, at]) =>
    Effect.gen(function* () {
      const { id } = yield* makeLeaf
      const key = keys[kind](id, rev(missing))
      yield* forget(key)
      expect(yield* failureOf(readAt(id, at))).toMatchObject({ _tag: "CorruptRecord", key: key.join("/") })
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, wholeEvery: 4 })))
  )

  it.effect("changes that lead to other content than the revision says are a corrupt block", () =>
    Effect.gen(function* () {
      const { id } = yield* makeLeaf
      yield* forget(keys.revision(id, rev(6)))
      expect(yield* failureOf(readAt(id, 7))).toMatchObject({ _tag: "CorruptBlock", block: id })
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, wholeEvery: 4 })))
  )

  it.effect.each(["whole", "change"] as const)("a %s record of another revision is a corrupt block", (kind) =>
    Effect.gen(function* () {
      const { id } = yield* makeLeaf
      const raw = yield* RawStorage
      const [from, to] =
        kind === "whole"
          ? [keys.whole(id, rev(1)), keys.whole(id, rev(5))]
          : [keys.change(id, rev(2)), keys.change(id, rev(6))]
      yield* raw.write([{ key: to, type: "put", value: (yield* raw.get(from))! }])
      expect(yield* failureOf(readAt(id, 6))).toMatchObject({ _tag: "CorruptBlock", block: id })
    }).pipe(Effect.provide(repoLayer({ cacheBytes: 0, wholeEvery: 4 })))
  )
})

describe("a restorer", () => {
  const asked: Array<number> = []
  const contents = new Map<number, Block>()
  const layer = repoLayer({
    cacheBytes: 0,
    restore: (_id, at) => {
      asked.push(at)
      return contents.get(at)
    },
    wholeEvery: 4
  })

  const withoutOld = Effect.gen(function* () {
    const { history, id } = yield* makeLeaf
    asked.length = 0
    contents.clear()
    for (const { block, rev } of history.model.revisions(id)) contents.set(rev, block!)
    yield* forget(keys.whole(id, rev(1)))
    return { id }
  })

  it.effect("gives the content of what is missing, and is asked for nothing else", () =>
    Effect.gen(function* () {
      const { id } = yield* withoutOld
      for (let at = 1; at <= 10; at++) {
        const [stored] = yield* readAt(id, at)
        expect(stored?.rev).toBe(at)
        expect(same(stored?.block, contents.get(at))).toBe(true)
      }
      expect(asked).toEqual([1, 2, 3, 4])
    }).pipe(Effect.provide(layer))
  )

  it.effect("also gives the latest revision", () =>
    Effect.gen(function* () {
      const { id } = yield* withoutOld
      yield* forget(keys.whole(id, rev(9)))
      const repo = yield* StorageRepo
      expect(same((yield* repo.get([{ id }]))[0]?.block, contents.get(10))).toBe(true)
      expect(asked).toEqual([10])
    }).pipe(Effect.provide(layer))
  )

  it.effect.each<readonly [string, (right: Block) => Block]>([
    ["other content", (right) => ({ ...right, title: "forged" })],
    ["content that has no canonical form", (right) => ({ ...right, title: "\ud800" })]
  ])("that gives %s is not believed", ([_what, forge]) =>
    Effect.gen(function* () {
      const { id } = yield* withoutOld
      contents.set(3, forge(contents.get(3)!))
      expect(yield* failureOf(readAt(id, 3))).toMatchObject({ _tag: "CorruptBlock", block: id })
    }).pipe(Effect.provide(layer))
  )
})
