/** The command as it was built, run as a user would. */
import { execFile } from "node:child_process"
import { COMMAND } from "../package/Distribution.ts"

/** How a command ended, and what it said. */
export interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** Runs the command with something on its standard input, and waits for its end. */
export const optimysticWith = (input: string, ...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [COMMAND, ...args], { maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ err, exitCode: error === null ? 0 : Number(error.code), out })
    })
    // What ends early does not read all of it.
    child.stdin!.on("error", () => undefined).end(input)
  })

/** Runs the command, and waits for its end. */
export const optimystic = (...args: ReadonlyArray<string>): Promise<Ended> => optimysticWith("", ...args)

/** Ended well, with these lines. */
export const done = (...lines: ReadonlyArray<string>): Ended => ({
  err: "",
  exitCode: 0,
  out: lines.map((line) => `${line}\n`).join("")
})
