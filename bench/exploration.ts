/** A row of `explore.ts`, made by a build of its own. */
import { spawnSync } from "node:child_process"
import * as Path from "node:path"
import type { Explore } from "effect-optimystic/simulator"

/** What `exploreRow.ts` says. */
export type Row = Explore.Exploration & {
  readonly about: string
  readonly events: ReadonlyArray<string>
  readonly peakMebibytes: number
  readonly seconds: number
}

const ROW = Path.join("dist", "bench", "exploreRow.js")

/** What the build in a folder says of a configuration, or of a mistake that it has. */
export const rowOf = (folder: string, ...args: ReadonlyArray<string>): Row => {
  const { error, status, stdout } = spawnSync(process.execPath, [Path.join(folder, ROW), ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}`)
  return JSON.parse(stdout) as Row
}
