import * as FileSystem from "node:fs/promises"
import * as Effect from "effect/Effect"
import { CorruptStore, type StorageUnavailable } from "../../schemas/Errors.ts"
import { unavailable } from "./StorageFailure.ts"

/** A kind of store: how it is called, and a file that no other kind has. */
export interface StoreKind {
  readonly name: string
  readonly file: string
}

/** A store in a LevelDB database. */
export const LEVEL: StoreKind = { file: "CURRENT", name: "LevelDB" }
/** A store in files of its own. */
export const FILES: StoreKind = { file: "format.json", name: "files" }

/** Fails where a directory holds a store of another kind, before anything is added to it. */
export const refuse = (
  { file, name }: StoreKind,
  directory: string
): Effect.Effect<void, StorageUnavailable | CorruptStore> =>
  Effect.flatMap(
    Effect.tryPromise({ try: () => FileSystem.readdir(directory), catch: unavailable("open the store") }),
    (names) =>
      names.includes(file)
        ? new CorruptStore({ directory, reason: `it is a store in ${name}, by its ${file}; open it as such` })
        : Effect.void
  )
