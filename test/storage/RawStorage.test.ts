import * as FileSystem from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, describe, it, layer } from "@effect/vitest"
import { durableRawStorage, rawStorage } from "../conformance/rawStorage.ts"
import { onDisk, stores } from "./stores.ts"

for (const [name, store] of Object.entries(stores)) {
  layer(store)(name, (it) => {
    for (const { check, name } of rawStorage) it.effect(name, () => check)
  })
}

for (const [name, layerIn] of Object.entries(onDisk)) {
  describe(`${name}, opened again`, () => {
    const directory = FileSystem.mkdtempSync(Path.join(Os.tmpdir(), "optimystic-storage-"))
    afterAll(() => FileSystem.rmSync(directory, { recursive: true }))

    for (const { check, name } of durableRawStorage(layerIn(directory))) it.effect(name, () => check)
  })
}
