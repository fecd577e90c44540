import * as FileSystem from "node:fs"
import { isAbsent } from "../StorageFailure.ts"

/** What is in a small file, or undefined where there is none. At once: a promise of it takes twenty times as long. */
export const read = (path: string): Buffer | undefined => {
  try {
    return FileSystem.readFileSync(path)
  } catch (cause) {
    if (isAbsent(cause)) return undefined
    throw cause
  }
}
