/** The storage layers, as tests of all of them have them. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FilesStorage from "../../layers/storage/FilesStorage.ts"
import * as LevelStorage from "../../layers/storage/LevelStorage.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { temporaryDirectory } from "./temporaryDirectory.ts"

/** Those that keep what they have, as layers on a directory. */
export const onDisk = {
  FilesStorage: (directory: string) => FilesStorage.layer({ directory }),
  LevelStorage: (directory: string) => LevelStorage.layer({ directory })
}

const temporary = (layerIn: (typeof onDisk)[keyof typeof onDisk]) =>
  Layer.unwrapScoped(Effect.map(temporaryDirectory, layerIn))

/** All of them, new and empty. */
export const stores = {
  FilesStorage: temporary(onDisk.FilesStorage),
  LevelStorage: temporary(onDisk.LevelStorage),
  MemoryStorage: MemoryStorage.layer
}
