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
