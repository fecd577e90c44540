import { describe, expect, it } from "@effect/vitest"
import { Chunk, Effect, Schema, Stream } from "effect"
import { Collections, Diary, Node, Transaction, Tree } from "effect-optimystic"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { listCollections } from "../../src/storage/listCollections.ts"
import { nodes } from "./nodes.ts"

const Entry = Schema.Struct({ key: Schema.Int, text: Schema.String })
const treeOf = (name: string) => Tree.define(name, { entry: Entry, key: Schema.Int, keyOf: ({ key }) => key })
const diaryOf = (name: string) => Diary.define(name, { entry: Schema.String })

const listed = Effect.map(Stream.runCollect(Collections.list), Chunk.toReadonlyArray)

for (const [name, node] of Object.entries(nodes)) {
  describe(`The list of collections, on ${name}`, () => {
    it.live("has each of them once, with its kind and its latest revision, however many blocks it has", () =>
      Effect.gen(function* () {
        expect(yield* listed).toEqual([])
        const revs = new Map<string, number>()
        for (let n = 0; n < 150; n++) {
          const diary = yield* Diary.openOrCreate(diaryOf(`diary ${n}`))
          yield* diary.append("entry")
          revs.set(`diary ${n}`, 2)
        }
        const large = yield* Tree.openOrCreate(treeOf("large"))
        yield* large.putAll(Array.from({ length: 5_000 }, (_, key) => ({ key, text: "text" })))
        revs.set("large", 2)
        const found = yield* listed
        expect(new Map(found.map(({ name, rev }) => [name, rev]))).toEqual(revs)
        expect(found.length).toBe(revs.size)
        expect(found.find(({ name }) => name === "large")).toMatchObject({
          keyOrder: "number",
          kind: "tree",
          placement: "together"
        })
        expect(found.find(({ name }) => name === "diary 7")?.kind).toBe("diary")
      }).pipe(Effect.provide(node))
    )
  })
}

describe("The list of collections", () => {
  it.live("does not have what a transaction that failed would have created", () =>
    Effect.gen(function* () {
      yield* Diary.openOrCreate(diaryOf("kept"))
      yield* Effect.flip(Transaction.run(Effect.zipRight(Diary.openOrCreate(diaryOf("lost")), Effect.fail("no"))))
      expect((yield* listed).map(({ name }) => name)).toEqual(["kept"])
    }).pipe(Effect.provide(Node.layerLocal()))
  )

  it.effect("passes over a block that is only pended, and takes a bounded number of steps at once", () =>
    Effect.gen(function* () {
      const raw = yield* RawStorage
      const place = (letter: string) => letter.repeat(25)
      const put = (block: string, kind: string, value: object) =>
        raw.write([{ key: ["block", block, kind, ""], type: "put", value: JSON.stringify(value) }])
      const ids = ["b", "c", "d"].map((letter) => `${place(letter)}header`)
      for (const id of ids) yield* put(id, "head", { collection: id })
      yield* put(`${place("b")}alpha`, "pend", {})
      yield* put(`${place("c")}zulu`, "head", { collection: ids[1] })
      // A block that lives elsewhere than its collection is no second one.
      yield* put(`${place("e")}alpha`, "head", { collection: ids[1] })
      expect(yield* listCollections(raw, { limit: 100 })).toEqual({ collections: ids })
      const found: Array<string> = []
      let after: string | undefined
      for (let page = 0; page < 100; page++) {
        const { collections, resume } = yield* listCollections(raw, { limit: 1, ...(after !== undefined && { after }) })
        expect(collections.length).toBeLessThanOrEqual(1)
        found.push(...collections)
        if (resume === undefined) break
        after = resume
      }
      expect(found).toEqual(ids)
    }).pipe(Effect.provide(MemoryStorage.layer))
  )
})
