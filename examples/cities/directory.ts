import { FileSystem, Path } from "@effect/platform"
import { Effect } from "effect"

/** How many bytes the files of a directory take. */
export const bytesIn = Effect.fn("bytesIn")(function* (directory: string) {
  const fileSystem = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* fileSystem.readDirectory(directory, { recursive: true })
  const found = yield* Effect.forEach(names, (name) => fileSystem.stat(path.join(directory, name)))
  return found.reduce((bytes, { size, type }) => bytes + (type === "File" ? Number(size) : 0), 0)
})
