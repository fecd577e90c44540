/** The built package, as it lies in `dist`. */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

/** Runs a program; rejects, with its output, unless it ends with 0. */
export const run = promisify(execFile)

/** The checkout that this file is part of. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url))

const DIST = Path.join(ROOT, "dist")

/** The TypeScript compiler of the checkout. */
export const TSC = Path.join(ROOT, "node_modules", "typescript", "bin", "tsc")

/** The `optimystic` command as it was built. */
export const COMMAND = Path.join(DIST, "bin", "optimystic.js")

/**
 * Builds the package where it is not built; `npm test` has done so. It appears whole or not at all, as several tests may
 * get here at once.
 */
export const ensureBuilt = async (): Promise<void> => {
  if (existsSync(COMMAND)) return
  const temporary = await FileSystem.mkdtemp(Path.join(ROOT, "node_modules", ".dist-"))
  await run(process.execPath, [TSC, "-p", "tsconfig.build.json", "--outDir", temporary], { cwd: ROOT })
  await run(process.execPath, ["bundle.mjs", temporary], { cwd: ROOT })
  try {
    await FileSystem.rename(temporary, DIST)
  } catch (error) {
    await FileSystem.rm(temporary, { force: true, recursive: true })
    if (!existsSync(COMMAND)) throw new Error(`${DIST} is there, but not complete: npm run build`, { cause: error })
  }
}
