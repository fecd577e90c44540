import * as FileSystem from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { durableRawStorage, rawStorage } from "../conformance/rawStorage.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

const temporaryLevelStorage = Layer.unwrapScoped(
  Effect.map(temporaryDirectory, (directory) => LevelStorage.layer({ directory }))
)

layer(MemoryStorage.layer)("MemoryStorage", (it) => {
  for (const { check, name } of rawStorage) it.effect(name, () => check)
})

layer(temporaryLevelStorage)("LevelStorage", (it) => {
  for (const { check, name } of rawStorage) it.effect(name, () => check)
})

describe("LevelStorage, opened again", () => {
  const directory = FileSystem.mkdtempSync(Path.join(Os.tmpdir(), "optimystic-storage-"))
  afterAll(() => FileSystem.rmSync(directory, { recursive: true }))

  for (const { check, name } of durableRawStorage(LevelStorage.layer({ directory }))) it.effect(name, () => check)
})
