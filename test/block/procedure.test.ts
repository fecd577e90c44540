import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Block } from "../../schemas/Block.ts"
import { CorruptBlock, LimitExceeded, StorageUnavailable } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { BlockFault, expectBlock } from "../../src/block/BlockStore.ts"
import { type BlockSource, runProcedure } from "../../src/block/procedure.ts"
import * as Prng from "../../src/random/Prng.ts"
import { idOf, randomBlock } from "./randomBlocks.ts"

/** A source that has nothing in memory at first, and counts what is asked of it. */
const makeSource = (count: number, fails = false) => {
  const stored = new Map(
    Array.from({ length: count }, (_, index) => [idOf(index), randomBlock(Prng.make(index), index)] as const)
  )
  const loaded = new Map<BlockId, Block | undefined>()
  const calls = { loads: [] as Array<ReadonlyArray<BlockId>>, settled: 0 }
  const source: BlockSource<StorageUnavailable> = {
    get: (id) => {
      if (!loaded.has(id)) throw new BlockFault([id])
      return loaded.get(id)
    },
    load: (ids) =>
      fails
        ? new StorageUnavailable({ operation: "read", reason: "on purpose" })
        : Effect.sync(() => {
            calls.loads.push(ids)
            for (const id of ids) loaded.set(id, stored.get(id))
          }),
    settle: () => {
      calls.settled++
      loaded.clear()
    }
  }
  return { calls, source, stored }
}

describe("runProcedure", () => {
  it.effect("loads what is missing and starts again, until the procedure ends, then lets go of it", () =>
    Effect.gen(function* () {
      const { calls, source, stored } = makeSource(3)
      let starts = 0
      const given = yield* runProcedure(source, () => {
        starts++
        return [0, 1, 2, 3].map((index) => source.get(idOf(index)))
      })
      expect(given).toEqual([...stored.values(), undefined])
      expect(calls.loads).toEqual([[idOf(0)], [idOf(1)], [idOf(2)], [idOf(3)]])
      expect([starts, calls.settled]).toEqual([5, 1])
    })
  )

  it.effect("is described only: each run starts anew", () =>
    Effect.gen(function* () {
      const { calls, source } = makeSource(1)
      const described = runProcedure(source, () => source.get(idOf(0)))
      expect(calls.loads).toHaveLength(0)
      yield* described
      yield* described
      expect(calls.loads).toHaveLength(2)
    })
  )

  it.effect("fails with what could not be loaded", () =>
    Effect.gen(function* () {
      const { source } = makeSource(1, true)
      const result = yield* Effect.either(runProcedure(source, () => source.get(idOf(0))))
      expect(Either.isLeft(result) && result.left._tag).toBe("StorageUnavailable")
    })
  )

  it.effect.each([
    new CorruptBlock({ block: idOf(0), reason: "on purpose" }),
    new LimitExceeded({ actual: 2, limit: 1, what: "a test" })
  ])("fails with %s where the procedure throws it, and lets go of what was loaded", (error) =>
    Effect.gen(function* () {
      const { calls, source } = makeSource(1)
      const result = yield* Effect.either(
        runProcedure(source, () => {
          source.get(idOf(0))
          throw error
        })
      )
      expect(result).toEqual(Either.left(error))
      expect(calls.settled).toBe(1)
    })
  )

  it.effect("dies of anything else that is thrown: a broken invariant", () =>
    Effect.gen(function* () {
      const { calls, source } = makeSource(0)
      const bug = new Error("bug")
      const exit = yield* Effect.exit(
        runProcedure(source, () => {
          throw bug
        })
      )
      expect(Exit.isFailure(exit) && [...Cause.defects(exit.cause)]).toEqual([bug])
      expect(calls.settled).toBe(1)
    })
  )
})

describe("expectBlock", () => {
  const header = { ...randomBlock(Prng.make(0), 0).header, type: "leaf" }
  const leaf = { entries: [], header, keys: [] } as Block
  const reader = { get: (id: BlockId) => (id === header.id ? leaf : undefined) }

  it("gives a block of one of the types asked for", () => {
    expect(expectBlock(reader, header.id, "branch", "leaf")).toBe(leaf)
  })

  it("takes a reference to what is absent, or of another type, for corruption", () => {
    expect(() => expectBlock(reader, idOf(7), "leaf")).toThrow(CorruptBlock)
    expect(() => expectBlock(reader, header.id, "branch", "log")).toThrow("is a leaf, expected branch or log")
  })
})
