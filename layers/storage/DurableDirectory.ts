import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"
import type { StorageUnavailable } from "../../schemas/Errors.ts"
import { unavailable } from "./StorageFailure.ts"

/** Makes the entries of a directory durable: the names of its files, not their content. */
export const sync = async (directory: string): Promise<void> => {
  const handle = await FileSystem.open(directory, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Creates a directory, with those above it, durably. Does nothing where it exists. */
export const ensure = (directory: string): Effect.Effect<void, StorageUnavailable> =>
  Effect.tryPromise({
    try: async () => {
      const created = await FileSystem.mkdir(directory, { recursive: true })
      if (created === undefined) return
      // The name of each new directory is an entry of the one above it.
      const highest = Path.dirname(Path.resolve(created))
      for (let parent = Path.resolve(directory); parent !== highest; ) {
        parent = Path.dirname(parent)
        await sync(parent)
      }
    },
    catch: unavailable(`create ${directory}`)
  })
