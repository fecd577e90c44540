import * as FileSystem from "node:fs/promises"
import * as Effect from "effect/Effect"

const QUIET_MILLIS = 100
const MAX_WAITS = 100

/** Ends once the files of an open store do not change any more: a copy of them is then one of a moment. */
export const quietDirectory = (directory: string): Effect.Effect<void> =>
  Effect.promise(async () => {
    let before = ""
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      const now = (await FileSystem.readdir(directory)).join()
      if (now === before) return
      before = now
      await new Promise((resolve) => setTimeout(resolve, QUIET_MILLIS))
    }
  })
