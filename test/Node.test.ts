import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Node from "../layers/Node.ts"
import * as Tree from "../src/collection/Tree.ts"
import { temporaryDirectory } from "./storage/temporaryDirectory.ts"

const Numbers = Tree.define("numbers", { entry: Schema.Int, key: Schema.Int, keyOf: (n) => n })

const put = (options: Node.LocalOptions) =>
  Effect.flatMap(Tree.openOrCreate(Numbers), (numbers) => numbers.put(1)).pipe(Effect.provide(Node.layerLocal(options)))
const count = (options: Node.LocalOptions) =>
  Effect.flatMap(Tree.openOrCreate(Numbers), (numbers) => numbers.count()).pipe(
    Effect.provide(Node.layerLocal(options))
  )

describe("Node.layerLocal", () => {
  it.scopedLive.each([
    [undefined, "CURRENT"],
    ["level", "CURRENT"],
    ["files", "format.json"]
  ] as const)("keeps its data with storage %s, in a store that has a file %s", ([storage, file]) =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const options = { directory, ...(storage !== undefined && { storage }) }
      yield* put(options)
      expect(yield* Effect.promise(() => FileSystem.readdir(Path.join(directory, "store")))).toContain(file)
      expect(yield* count(options)).toBe(1)
    })
  )

  it.scopedLive.each(["level", "files"] as const)(
    "opens a store with storage %s as that, if not told otherwise",
    (storage) =>
      Effect.gen(function* () {
        const directory = yield* temporaryDirectory
        yield* put({ directory, storage })
        expect(yield* count({ directory })).toBe(1)
        const other = storage === "level" ? "files" : "level"
        const error = yield* Effect.flip(count({ directory, storage: other }))
        expect([error._tag, error.message]).toEqual([
          "StoreMismatch",
          `Store ${directory}/store has storage ${storage}, not ${other}; open it as what it is`
        ])
      })
  )

  it.scopedLive("takes a store in files that has lost one of them for nothing else, and adds nothing to it", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      const store = Path.join(directory, "store")
      yield* put({ directory, storage: "files" })
      yield* Effect.promise(() => FileSystem.rm(Path.join(store, "format.json")))
      const error = yield* Effect.flip(count({ directory }))
      expect([error._tag, error.message]).toEqual(["CorruptStore", expect.stringContaining("no format record")])
      expect(yield* Effect.promise(() => FileSystem.readdir(store))).not.toContain("LOCK")
    })
  )

  it.scopedLive("goes on in the network of its store, and refuses another", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* put({ directory, network: "bank" })
      yield* put({ directory })
      const numbers = Effect.flatMap(Tree.open(Numbers), (numbers) => numbers.verify())
      expect((yield* Effect.provide(numbers, Node.layerLocal({ directory, network: "bank" }))).problems).toEqual([])
      const error = yield* Effect.flip(count({ directory, network: "shop" }))
      expect([error._tag, error.message]).toEqual([
        "StoreMismatch",
        `Store ${directory} has network bank, not shop; open it as what it is`
      ])
    })
  )

  it.scopedLive("takes no network for granted where damage hides that of its store", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* put({ directory, network: "bank", storage: "files" })
      const copy = Path.join(directory, "store", "transaction", "copy.json~")
      yield* Effect.promise(() => FileSystem.writeFile(copy, ""))
      const error = yield* Effect.flip(put({ directory }))
      expect([error._tag, error.message]).toEqual(["CorruptRecord", expect.stringContaining("copy.json~")])
      expect(yield* count({ directory, network: "bank" })).toBe(1)
    })
  )

  it.scopedLive("keeps its key alone in the directory with storage memory", () =>
    Effect.gen(function* () {
      const directory = yield* temporaryDirectory
      yield* put({ directory, storage: "memory" })
      expect(yield* Effect.promise(() => FileSystem.readdir(directory))).toEqual(["identity.json"])
      expect(yield* count({ directory, storage: "memory" })).toBe(0)
    })
  )

  it.live.each(["level", "files"] as const)("needs a directory for storage %s", (storage) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(put({ storage }))
      expect([error._tag, error.message]).toEqual(["Invalid", `storage "${storage}" needs a directory`])
    })
  )
})
