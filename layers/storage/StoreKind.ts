import * as FileSystem from "node:fs/promises"
import * as Effect from "effect/Effect"
import { type StorageUnavailable, StoreMismatch } from "../../schemas/Errors.ts"
import { unavailable } from "./StorageFailure.ts"

/** A kind of store: how it is named, and files that no other kind has. */
export interface StoreKind {
  readonly name: "level" | "files"
  /** Each of them tells, for any may be lost. */
  readonly files: ReadonlyArray<string>
}

/** A store in a LevelDB database. */
export const LEVEL: StoreKind = { files: ["CURRENT"], name: "level" }
/** A store in files of its own. */
export const FILES: StoreKind = { files: ["format.json", "checkpoint.json", "names.json"], name: "files" }

const namesIn = async (directory: string): Promise<ReadonlyArray<string>> => {
  try {
    return await FileSystem.readdir(directory)
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return []
    throw cause
  }
}

/** The kind of the store in a directory; undefined where there is none. */
export const kindOf = (directory: string): Effect.Effect<StoreKind | undefined, StorageUnavailable> =>
  Effect.map(Effect.tryPromise({ try: () => namesIn(directory), catch: unavailable("open the store") }), (names) =>
    [LEVEL, FILES].find(({ files }) => files.some((file) => names.includes(file)))
  )

/** Fails where a directory holds a store of another kind, before anything is added to it. */
export const expect = (kind: StoreKind, directory: string): Effect.Effect<void, StorageUnavailable | StoreMismatch> =>
  Effect.flatMap(kindOf(directory), (found) =>
    found === undefined || found === kind
      ? Effect.void
      : new StoreMismatch({ directory, expected: kind.name, found: found.name, property: "storage" })
  )
