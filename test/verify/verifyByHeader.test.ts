import { describe, expect, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Block, Chain, Collection, Collections, Diary, Node, Tree } from "effect-optimystic"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { Block as StoredBlock } from "../../schemas/Block.ts"
import { answering, damageable } from "./Stores.ts"

const treeBy = <K extends string | number | readonly unknown[], KI>(
  name: string,
  key: Schema.Schema<K, KI>,
  of: (n: number) => K
) => {
  const Numbers = Tree.define(name, { entry: Schema.Int, key, keyOf: of })
  return Effect.flatMap(Tree.openOrCreate(Numbers), (tree) => tree.putAll(Array.from({ length: 200 }, (_, n) => n)))
}

const Backwards = Tree.define("backwards", {
  entry: Schema.Int,
  key: Schema.Int,
  keyOf: (n) => n,
  keyOrder: { compare: (a, b) => (b as number) - (a as number), name: "backwards" }
})
const Queue = Chain.define("queue", { entry: Schema.Int })
const Raised = Block.define("raised", { raised: Schema.Boolean })
const Flag = Collection.define("flag", {
  actions: { raise: Collection.action(Schema.Boolean, () => undefined) },
  create: (store) => Raised.insert(store, { raised: false }),
  kind: "flag"
})

const addTo = (count: number) =>
  Effect.flatMap(Chain.openOrCreate(Queue), (queue) => queue.add(...Array.from({ length: count }, (_, n) => n)))

describe("The check of a collection by its header", () => {
  it.live("checks the structure of every kind and order of keys of this package", () =>
    Effect.gen(function* () {
      yield* treeBy("texts", Schema.String, String)
      yield* treeBy("numbers", Schema.Number, (n) => n)
      yield* treeBy(
        "pairs",
        Schema.Tuple(Schema.String, Schema.Tuple(Schema.Number, Schema.String)),
        (n) => ["a", [n, "b"]] as const
      )
      yield* addTo(2_000)
      for (const name of ["texts", "numbers", "pairs", "queue"]) {
        const report = yield* Collections.verify(name)
        expect(report).toMatchObject({ isComplete: true, name, problems: [], unchecked: undefined })
        expect(report.structureBlocks).toBeGreaterThan(name === "queue" ? 60 : 3)
      }
      yield* Effect.flatMap(Diary.openOrCreate(Diary.define("log", { entry: Schema.Int })), (log) => log.append(1))
      expect(yield* Collections.verify("log")).toMatchObject({ kind: "diary", problems: [], unchecked: undefined })
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("finds of a tree what its own check finds", () =>
    Effect.gen(function* () {
      yield* treeBy("texts", Schema.String, String)
      const Texts = Tree.define("texts", { entry: Schema.Int, key: Schema.String, keyOf: String })
      const { kind, name, unchecked, ...report } = yield* Collections.verify("texts")
      expect([kind, name, unchecked]).toEqual(["tree", "texts", undefined])
      expect(report).toEqual(yield* Effect.flatMap(Tree.open(Texts), (tree) => tree.verify()))
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("checks the history alone, and says so, where the rules are a program's own", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(Tree.openOrCreate(Backwards), (tree) => tree.putAll([1, 2, 3]))
      yield* Collection.openOrCreate(Flag)
      for (const [name, revisions, reason] of [
        ["backwards", 2, "the order of its keys, backwards, is a program's own"],
        ["flag", 1, "its kind, user-flag, is a program's own"]
      ] as const) {
        const report = yield* Collections.verify(name)
        expect(report).toMatchObject({
          isComplete: true,
          problems: [],
          revisions,
          structureBlocks: 0,
          unchecked: reason
        })
      }
      const { _tag } = yield* Effect.flip(Collections.verify("nothing"))
      expect(_tag).toBe("CollectionNotFound")
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.live("names the block of a chain that does not link back, or lacks an entry", () =>
    Effect.gen(function* () {
      yield* addTo(500)
      const changes: ReadonlyArray<readonly [(block: StoredBlock) => StoredBlock, RegExp, isComplete: boolean]> = [
        [(block) => ({ ...block, prior: block.header.id }), /its prior is said to be/, false],
        [(block) => ({ ...block, entries: [] }), /is empty, but not alone/, true]
      ]
      for (const [change, reason, expected] of changes) {
        let culprit = ""
        const altered = answering(({ get }) => ({
          get: (reads) =>
            Effect.map(get(reads), (found) =>
              found.map((stored) => {
                const { block } = stored ?? {}
                if (block?.header.type !== "chain" || block.prior === undefined) return stored
                if (culprit === "") culprit = block.header.id
                return culprit === block.header.id ? { ...stored!, block: change(block) } : stored
              })
            )
        }))
        const { isComplete, problems } = yield* Effect.provide(Collections.verify("queue"), altered)
        expect(isComplete).toBe(expected)
        expect(problems[0]).toMatchObject({ block: culprit, kind: "structure" })
        expect(problems[0]?.reason).toMatch(reason)
      }
    }).pipe(Effect.provide(damageable(MemoryStorage.layer)))
  )
})
