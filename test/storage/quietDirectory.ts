import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import * as Effect from "effect/Effect"

const QUIET_MILLIS = 100
const MAX_WAITS = 100

/** Every file with when it last changed. */
const look = async (directory: string): Promise<string> => {
  const names = (await FileSystem.readdir(directory, { recursive: true })).sort()
  const seen = names.map(async (name) => {
    const stat = await FileSystem.stat(Path.join(directory, name)).catch(() => undefined)
    return `${name} ${stat?.size} ${stat?.mtimeMs}`
  })
  return (await Promise.all(seen)).join()
}

/** Ends once the files of an open store do not change any more: a copy of them is then one of a moment. */
export const quietDirectory = (directory: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    let before = ""
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      const now = await look(directory)
      if (now === before) return
      before = now
      await new Promise((resolve) => setTimeout(resolve, QUIET_MILLIS))
    }
  })
