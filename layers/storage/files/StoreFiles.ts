import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"

/** The folder of files that are not finished: the name of no space. Emptied whenever a store is opened. */
export const TEMPORARY_FOLDER = "tmp"

/** The files of a store, by their paths below its directory, with "/" between the parts. */
export interface StoreFiles {
  /** The text of a file, or undefined where there is none. */
  readonly read: (path: string) => Effect.Effect<string | undefined, PlatformError>
  /** The names in a folder; none where there is no folder. */
  readonly list: (path: string) => Effect.Effect<ReadonlyArray<string>, PlatformError>
  /** Puts a text in the place of a file, which a reader sees whole or not at all. Makes the folders above it. */
  readonly replace: (path: string, text: string) => Effect.Effect<void, PlatformError>
  /** The same, durably; its folder must be there. */
  readonly replaceDurably: (path: string, text: string) => Effect.Effect<void, PlatformError>
  /** Removes a file, if it is there. */
  readonly remove: (path: string) => Effect.Effect<void, PlatformError>
  /** Makes a file, or the names in a folder, durable; does nothing where it is gone. */
  readonly sync: (path: string) => Effect.Effect<void, PlatformError>
  /** Removes what was left behind unfinished. */
  readonly tidy: Effect.Effect<void, PlatformError>
}

const isNotFound = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "NotFound"

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/"))

/** The files below a directory. */
export const make = (fileSystem: FileSystem.FileSystem, directory: string): StoreFiles => {
  const temporaryFolder = `${directory}/${TEMPORARY_FOLDER}`
  let made = 0

  const whereThere = <A, B>(effect: Effect.Effect<A, PlatformError>, absent: B) =>
    Effect.catchIf(effect, isNotFound, () => Effect.succeed(absent))

  const syncAt = (path: string, flag: FileSystem.OpenFlag) =>
    Effect.scoped(Effect.flatMap(fileSystem.open(path, { flag }), (file) => file.sync))

  /** Writes a text to a file of its own, and moves that into place with `move`; leaves nothing where either fails. */
  const through = (text: string, move: (temporary: string) => Effect.Effect<void, PlatformError>) =>
    Effect.suspend(() => {
      const temporary = `${temporaryFolder}/${made++}`
      return Effect.onError(Effect.zipRight(fileSystem.writeFileString(temporary, text), move(temporary)), () =>
        Effect.ignore(fileSystem.remove(temporary, { force: true }))
      )
    })

  return {
    list: (path) => whereThere(fileSystem.readDirectory(`${directory}/${path}`), []),
    read: (path) => whereThere(fileSystem.readFileString(`${directory}/${path}`), undefined),
    remove: (path) => fileSystem.remove(`${directory}/${path}`, { force: true }),
    replace: (path, text) => {
      const target = `${directory}/${path}`
      return through(text, (temporary) =>
        Effect.catchIf(fileSystem.rename(temporary, target), isNotFound, () =>
          Effect.zipRight(
            fileSystem.makeDirectory(parentOf(target), { recursive: true }),
            fileSystem.rename(temporary, target)
          )
        )
      )
    },
    replaceDurably: (path, text) => {
      const target = `${directory}/${path}`
      return through(text, (temporary) =>
        syncAt(temporary, "r+").pipe(
          Effect.zipRight(fileSystem.rename(temporary, target)),
          Effect.zipRight(syncAt(parentOf(target), "r"))
        )
      )
    },
    // Only what may be written can be synced on every platform; a folder is opened to be read.
    sync: (path) =>
      whereThere(
        path.endsWith(".json") ? syncAt(`${directory}/${path}`, "r+") : syncAt(`${directory}/${path}`, "r"),
        undefined
      ),
    tidy: Effect.zipRight(
      fileSystem.remove(temporaryFolder, { force: true, recursive: true }),
      // Not with what is above it: a store that was removed while it was open is not to be made anew, in parts.
      fileSystem.makeDirectory(temporaryFolder)
    )
  }
}
