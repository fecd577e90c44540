/** The page on the command line is true: its commands are run, one after the other, and say what it shows. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { EXAMPLES } from "../../cli/examples.ts"
import { EXIT, EXIT_HELP } from "../../cli/failure.ts"
import { COMMAND, ensureBuilt, ROOT } from "../package/Distribution.ts"

const PAGE = readFileSync(Path.join(ROOT, "docs", "cli.md"), "utf8")
/** Stands for anything in a line, where it is not the same every time. */
const ANYTHING = "…"

interface Shown {
  readonly command: string
  readonly says: ReadonlyArray<string>
}

const shown = [...PAGE.matchAll(/^```console\n(.*?)^```/gms)].flatMap(([, block]) =>
  block!
    .split(/^\$ /m)
    .slice(1)
    .map((part): Shown => {
      const [command, ...says] = part.trimEnd().split("\n")
      return { command: command!, says }
    })
)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
const patternOf = (line: string): RegExp => new RegExp(`^${line.split(ANYTHING).map(escaped).join(".*")}$`)

/** What a shell prints, on either stream, where `optimystic` is the command as it was built. */
const said = (command: string, directory: string): Promise<string> =>
  new Promise((resolve) => {
    const script = `optimystic() { "$NODE" "$COMMAND" "$@"; }; ${command}`
    const env = { ...process.env, COMMAND, NODE: process.execPath }
    execFile("sh", ["-c", script], { cwd: directory, env }, (_error, out, err) => resolve(out + err))
  })

describe("docs/cli.md", () => {
  let directory = ""
  beforeAll(async () => {
    await ensureBuilt()
    directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-docs-"))
  })
  afterAll(() => FileSystem.rm(directory, { force: true, recursive: true }))

  it("its commands say what it shows", { timeout: 180_000 }, async () => {
    for (const { command, says } of shown) {
      const lines = (await said(command, directory)).trimEnd().split("\n")
      expect([command, lines.length]).toEqual([command, says.length])
      for (const [i, line] of lines.entries()) expect(line).toMatch(patternOf(says[i]!))
    }
  })

  it("it shows every example of the help", () => {
    const commands = shown.map(({ command }) => command)
    expect(EXAMPLES.length).toBeGreaterThan(10)
    expect(EXAMPLES.filter((example) => !commands.includes(example))).toEqual([])
  })

  it("it and the help name every code that a command ends with", () => {
    const inTable = [...PAGE.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    const inHelp = [...EXIT_HELP.matchAll(/\d+/g)].map(([code]) => Number(code))
    expect(inTable).toEqual([0, ...Object.values(EXIT)])
    expect(inHelp).toEqual(inTable)
  })
})
