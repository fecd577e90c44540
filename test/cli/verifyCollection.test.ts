/** What `verify` finds in a store whose records were changed together with their checksums. */
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { collectionState, collectionStates, openStore, type Store } from "../../cli/CollectionStates.ts"
import { verifyCollection } from "../../cli/verifyCollection.ts"
import * as Node from "../../layers/Node.ts"
import type { BlockId, Rev } from "../../schemas/Ids.ts"
import type { StorageKey } from "../../services/RawStorage.ts"
import * as Diary from "../../src/collection/Diary.ts"
import * as Tree from "../../src/collection/Tree.ts"
import { keys } from "../../src/storage/records.ts"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"

const Numbers = Tree.define("numbers", {
  entry: Schema.Struct({ n: Schema.Int, text: Schema.String }),
  key: Schema.Tuple(Schema.Int, Schema.String),
  keyOf: ({ n, text }) => [n, text] as const
})
const Log = Diary.define("log", { entry: Schema.String })

const made = Effect.gen(function* () {
  const directory = yield* temporaryDirectory
  yield* Effect.gen(function* () {
    const numbers = yield* Tree.openOrCreate(Numbers)
    const log = yield* Diary.openOrCreate(Log)
    for (let part = 0; part < 5; part++) {
      yield* numbers.putAll(Array.from({ length: 200 }, (_, n) => ({ n: part * 200 + n, text: "x".repeat(n) })))
      yield* log.append(`part ${part}`)
    }
    yield* numbers.deleteAll(Array.from({ length: 150 }, (_, n) => [n, "x".repeat(n)] as const))
  }).pipe(Effect.provide(Node.layerLocal({ directory })))
  return yield* openStore(directory)
})

const verified = (store: Store, name: string) =>
  Effect.flatMap(collectionState(store, name), (state) => verifyCollection(store, state))

const change = (store: Store, key: StorageKey, edit: (text: string) => string) =>
  Effect.gen(function* () {
    const before = yield* store.raw.get(key)
    const value = edit(before!)
    expect(value).not.toBe(before)
    yield* store.raw.write([{ key, type: "put", value }])
  })

describe("verifyCollection", () => {
  it.scoped("finds nothing wrong with what was written, and lists it", () =>
    Effect.gen(function* () {
      const store = yield* made
      const states = Chunk.toReadonlyArray(yield* Stream.runCollect(collectionStates(store)))
      const listed = states.map(({ entries, header, rev }) => [header.name, header.kind, rev, entries])
      expect(listed.sort()).toEqual([
        ["log", "diary", 6, 5],
        ["numbers", "tree", 7, undefined]
      ])
      for (const name of ["numbers", "log"]) {
        const found = yield* verified(store, name)
        expect([found.problems, found.notes]).toEqual([[], []])
        expect(found.revisions).toBeGreaterThan(found.blocks)
      }
    })
  )

  it.scoped("finds a forged certificate, manifest, signature and revision, and goes on", () =>
    Effect.gen(function* () {
      const store = yield* made
      const { header } = yield* collectionState(store, "log")
      const tail = header.log.tail
      const revisions = yield* store.blocks.revisions(tail, { from: 1 as Rev, limit: 10 })
      const [first, second, third] = revisions.map(({ actionId }) => actionId)
      const other = (property: string) => (text: string) =>
        text.replace(
          new RegExp(`("${property}":")(.)`),
          (_, before, character) => before + (character === "a" ? "b" : "a")
        )
      yield* change(store, keys.proof(first!), other("signature"))
      yield* change(store, keys.manifest(second!), (text) => text.replace(/"time":/, '"time":1'))
      yield* change(store, keys.manifest(third!), other("signature"))
      yield* change(store, keys.revision(tail, revisions[3]!.rev), other("after"))
      const { problems } = yield* verified(store, "log")
      const said = problems.join("\n")
      for (const part of [
        "its certificate does not verify",
        "its manifest is not the one that it names",
        "its author's signature does not verify",
        "its manifest says otherwise",
        "it does not start from the revision before it"
      ]) {
        expect(said).toContain(part)
      }
      expect((yield* verified(store, "numbers")).problems).toEqual([])
    })
  )

  it.scoped("finds a block whose content is another", () =>
    Effect.gen(function* () {
      const store = yield* made
      const { id } = yield* collectionState(store, "numbers")
      const blocks = yield* store.raw.blocks("block", { limit: 1_000 })
      const leaves = yield* Effect.filter(blocks as ReadonlyArray<BlockId>, (block) =>
        Effect.map(
          store.blocks.state(block),
          (state) => state?.collection === id && state.block?.header.type === "leaf"
        )
      )
      const leaf = leaves[3]!
      const { whole } = (yield* store.blocks.state(leaf))!
      yield* change(store, keys.whole(leaf, whole), (text) => text.replace('"text":"', '"text":"y'))
      const { problems } = yield* verified(store, "numbers")
      expect(problems[0]).toContain(leaf)
    })
  )
})
