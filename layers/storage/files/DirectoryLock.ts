/**
 * A lock on a directory that the operating system takes away with its process, however that ends. Node has no such thing
 * by itself; LevelDB has, so that an empty database is held open in a folder of the directory.
 */
import { ClassicLevel } from "classic-level"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type OpenError, StorageLocked } from "../../../schemas/Errors.ts"
import * as LevelDatabase from "../LevelDatabase.ts"
import { unavailable } from "../StorageFailure.ts"

/** The folder of the lock, in the directory: the name of no space. */
export const LOCK_FOLDER = "in-use"

/** Nothing is ever stored in it. */
const SMALL: LevelDatabase.LevelDatabaseOptions = { cacheSizeBytes: 0, maxOpenFiles: 64, writeBufferSizeBytes: 65_536 }

/** Removes a damaged database, which holds nothing, unless another process has it open. */
const remove = (folder: string) =>
  Effect.tryPromise({ try: () => ClassicLevel.destroy(folder), catch: unavailable("repair the lock") })

/** Holds the lock of a directory within the scope. */
export const hold = (directory: string): Effect.Effect<void, OpenError, Scope.Scope> => {
  const folder = `${directory}/${LOCK_FOLDER}`
  const open = LevelDatabase.open(folder, true, SMALL)
  return open.pipe(
    // Whatever is wrong with it but that it is held, a new one will do.
    Effect.catchIf(
      (error) => error._tag !== "StorageLocked",
      () => Effect.zipRight(remove(folder), open)
    ),
    Effect.mapError((error) => (error._tag === "StorageLocked" ? new StorageLocked({ directory }) : error)),
    Effect.asVoid
  )
}
