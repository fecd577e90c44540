import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { Effect } from "effect"
import { Node } from "effect-optimystic"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { COMMAND, ensureBuilt, ROOT } from "../package/Distribution.ts"

interface Ended {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** Runs the command, and waits for its end. */
const optimystic = (...args: ReadonlyArray<string>): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], (error, out, err) => {
      resolve({ err, exitCode: error === null ? 0 : Number(error.code), out })
    })
  })

const done = (...lines: ReadonlyArray<string>): Ended => ({
  err: "",
  exitCode: 0,
  out: lines.map((line) => `${line}\n`).join("")
})

let directory = ""
let data = ""

beforeAll(async () => {
  await ensureBuilt()
  directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-cli-"))
  data = Path.join(directory, "data")
})

afterAll(() => FileSystem.rm(directory, { force: true, recursive: true }))

describe("The optimystic command", () => {
  it("puts, gets, ranges over, counts and deletes the entries of a tree", async () => {
    const tree = (...args: ReadonlyArray<string>) => optimystic("tree", ...args, "--data", data)
    expect(await tree("put", "cities", "oslo", '{"people":709037}')).toEqual(done("put oslo"))
    expect(await tree("put", "cities", "rome", '"eternal"', "--json")).toEqual(done('{"put":"rome"}'))
    expect(await tree("get", "cities", "oslo")).toEqual(done('{"people":709037}'))
    expect(await tree("range", "cities")).toEqual(done('oslo\t{"people":709037}', 'rome\t"eternal"'))
    expect(await tree("range", "cities", "--from", "m", "--reverse", "--limit", "1", "--json")).toEqual(
      done('{"key":"rome","value":"eternal"}')
    )
    expect(await tree("delete", "cities", "oslo", "paris")).toEqual(done("deleted 1 of 2"))
    expect(await tree("count", "cities", "--json")).toEqual(done('{"count":1}'))
  })

  it("appends to a diary, reads it and tells its length", async () => {
    const diary = (...args: ReadonlyArray<string>) => optimystic("diary", ...args, "--data", data)
    expect(await diary("append", "log", "-1", '["two"]', "null")).toEqual(done("appended 3"))
    expect(await diary("read", "log", "--limit", "2")).toEqual(done("-1", '["two"]'))
    expect(await diary("length", "log")).toEqual(done("3"))
  })

  it("a mistake on the command line ends 2 and says what is wrong", async () => {
    const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
      [["tree", "put", "cities", "oslo", "1"], "--data"],
      [["tree", "put", "cities", "oslo", "text", "--data", data], `Not JSON: text (a text needs quotes`],
      [["tree", "gte", "cities"], "Invalid subcommand"],
      [["diary", "read", "log", "--limit", "-1", "--data", data], "--limit must not be negative"]
    ]
    const ends = await Promise.all(mistakes.map(([args]) => optimystic(...args)))
    ends.forEach(({ err, exitCode, out }, i) => {
      expect([i, exitCode, out]).toEqual([i, 2, ""])
      expect(err).toContain(mistakes[i]![1])
    })
  })

  it("reading where nothing is ends 3, and makes nothing", async () => {
    const nowhere = Path.join(directory, "nowhere")
    const [missing, noTree] = await Promise.all([
      optimystic("tree", "get", "cities", "oslo", "--data", nowhere),
      optimystic("tree", "count", "towns", "--data", data)
    ])
    expect(missing).toMatchObject({ exitCode: 3, out: "" })
    expect(missing.err).toBe(`optimystic: ${nowhere} holds no database; a command that writes makes one\n`)
    await expect(FileSystem.stat(nowhere)).rejects.toThrow("ENOENT")
    expect(noTree).toEqual({
      err: 'optimystic: No collection is named "towns"; `optimystic tree put` or `optimystic diary append` makes it\n',
      exitCode: 3,
      out: ""
    })
  })

  it("an error is one line, for machines one JSON object with the code that the command ends with", async () => {
    const { err, exitCode, out } = await optimystic("diary", "read", "cities", "--json", "--data", data)
    expect({ exitCode, out }).toEqual({ exitCode: 6, out: "" })
    expect(err.split("\n")).toHaveLength(2)
    expect(JSON.parse(err)).toEqual({
      error: "CollectionMismatch",
      exitCode: 6,
      message: 'Collection "cities" has kind tree, not diary'
    })
  })

  it("a directory in use by another process ends 4", async () => {
    const ended = await Effect.runPromise(
      Effect.promise(() => optimystic("tree", "count", "cities", "--data", data)).pipe(
        Effect.provide(Node.layerLocal({ directory: data }))
      )
    )
    expect(ended).toMatchObject({ exitCode: 4, out: "" })
    expect(ended.err).toContain("in use by another process")
  })

  it("--version tells that of the package, and --help teaches", async () => {
    const { version } = JSON.parse(readFileSync(Path.join(ROOT, "package.json"), "utf8")) as {
      readonly version: string
    }
    const [own, help] = await Promise.all([optimystic("--version"), optimystic("tree", "put", "--help")])
    expect(own.out.trim()).toBe(version)
    expect(help).toMatchObject({ err: "", exitCode: 0 })
    for (const part of ["--data DIR", "<collection> <key> <json>", "Ends with 0 when done"]) {
      expect(help.out).toContain(part)
    }
  })
})
