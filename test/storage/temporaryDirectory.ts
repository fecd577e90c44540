import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

/** A new directory, removed with the scope. */
export const temporaryDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-storage-"))),
  (directory) => Effect.promise(() => FileSystem.rm(directory, { recursive: true, force: true }))
)
