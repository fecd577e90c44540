/** Export and import of JSON lines, by the command as it was built. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { Effect, Schema } from "effect"
import { Node, Tree } from "effect-optimystic"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { COMMAND, ensureBuilt } from "../package/Distribution.ts"
import { done, optimystic, optimysticWith } from "./command.ts"

const MALFORMED = 8
const REFUSED = 6

/** Each test starts several processes, on a machine that may be busy. */
const TIMEOUT_MILLIS = 180_000

let directory = ""
const at = (name: string): string => Path.join(directory, name)

beforeAll(async () => {
  await ensureBuilt()
  directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-transfer-"))
})

afterAll(() => FileSystem.rm(directory, { force: true, recursive: true }))

const linesOf = (...values: ReadonlyArray<unknown>): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("")

const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ n, text: `entry ${n}` }))

describe("import and export", { timeout: TIMEOUT_MILLIS }, () => {
  it("what is exported and imported elsewhere is the same, also of trees that programs made", async () => {
    const [from, to] = [at("from"), at("to")]
    const Person = Schema.Struct({ id: Schema.String, age: Schema.Int })
    const People = Tree.define("people", { entry: Person, key: Schema.String, keyOf: ({ id }) => id })
    await Effect.runPromise(
      Effect.flatMap(Tree.openOrCreate(People), (people) =>
        people.putAll([
          { age: 41, id: "ann" },
          { age: 7, id: 'b"ö\n' }
        ])
      ).pipe(Effect.provide(Node.layerLocal({ directory: from })))
    )
    const entries = numbered(1_200)
    const pairs = linesOf(...entries.map((value) => ({ key: `k${String(value.n).padStart(5, "0")}`, value })))
    await FileSystem.writeFile(at("pairs.jsonl"), pairs)
    expect(await optimystic("tree", "import", "numbers", at("pairs.jsonl"), "--data", from)).toEqual(
      done("imported 1200 in 3 transactions, skipped 0 lines")
    )
    const copy = async (name: string, ...options: ReadonlyArray<string>) => {
      const exported = await optimystic("tree", "export", name, "--data", from, ...options)
      expect(exported).toMatchObject({ err: "", exitCode: 0 })
      expect(await optimysticWith(exported.out, "tree", "import", name, "-", "--data", to, ...options)).toMatchObject({
        err: "",
        exitCode: 0
      })
      const file = at(`${name}.jsonl`)
      expect(await optimystic("tree", "export", name, file, "--data", to, ...options)).toMatchObject({ exitCode: 0 })
      expect(await FileSystem.readFile(file, "utf8")).toBe(exported.out)
      return exported.out
    }
    expect(await copy("numbers")).toBe(pairs)
    expect(await copy("people", "--key", "id")).toBe(linesOf({ age: 41, id: "ann" }, { age: 7, id: 'b"ö\n' }))
    // An export never replaces a file.
    expect(await optimystic("tree", "export", "numbers", at("numbers.jsonl"), "--data", from)).toEqual({
      err: `optimystic: ${at("numbers.jsonl")} cannot be written: it exists already; name a new file\n`,
      exitCode: REFUSED,
      out: ""
    })
    expect((await FileSystem.readdir(directory)).filter((name) => name.includes("incomplete"))).toEqual([])
  })

  it("a malformed line ends 8 with its number and reason, leaves the batches before it, and can be mended", async () => {
    const data = at("mended")
    const diary = (...args: ReadonlyArray<string>) => [
      "diary",
      "import",
      "log",
      "--data",
      data,
      "--batch",
      "2",
      ...args
    ]
    const before = "1\n2\n\n3\n4\n5\n"
    expect(await optimysticWith(`${before}six\n7\n`, ...diary())).toEqual({
      err:
        `optimystic: line 7: it is not JSON (Unexpected token 's', "six" is not valid JSON); nothing of its batch is written, ` +
        "lines 1 to 5 are imported, --resume goes on after them\n",
      exitCode: MALFORMED,
      out: ""
    })
    const again = await optimysticWith(`${before}6\n7\n`, ...diary("--json"))
    expect(again).toMatchObject({ exitCode: REFUSED, out: "" })
    expect(again.err).toContain("stopped after line 5; --resume goes on with the same input, --restart begins anew")
    const other = await optimysticWith("1\n2\n\n3\n5\n5\n6\n", ...diary("--resume"))
    expect(other).toMatchObject({ exitCode: REFUSED, out: "" })
    expect(other.err).toContain("The first 5 lines of standard input are not those that were imported")
    const large = `${before}"${"x".repeat(140_000)}"\n`
    const long = await optimysticWith(large, ...diary("--resume", "--json"))
    expect(JSON.parse(long.err)).toMatchObject({ error: "MalformedLine", exitCode: MALFORMED, line: 7 })
    expect(await optimysticWith(`${before}6\n7`, ...diary("--resume"))).toEqual(
      done("imported 3 in 2 transactions, skipped 5 lines")
    )
    // Complete, and so there is nothing to resume; nor is anything doubled.
    expect(await optimysticWith(`${before}6\n7`, ...diary("--resume"))).toEqual(
      done("imported 0 in 0 transactions, skipped 8 lines")
    )
    expect((await optimystic("diary", "read", "log", "--data", data)).out).toBe("1\n2\n3\n4\n5\n6\n7\n")
  })

  it("an import that is killed goes on where it stopped, and doubles nothing", async () => {
    const data = at("killed")
    const file = at("killed.jsonl")
    const entries = numbered(20_000)
    await FileSystem.writeFile(file, linesOf(...entries))
    const args = ["diary", "import", "log", file, "--data", data, "--batch", "20", "--resume"]
    for (const millis of [0, 150]) {
      const child = spawn(process.execPath, [COMMAND, ...args], { stdio: "ignore" })
      const ended = once(child, "exit")
      // Once it has begun to write, and a little later.
      while (!(await FileSystem.stat(Path.join(data, "store", "journal-a")).catch(() => undefined))) {
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await new Promise((resolve) => setTimeout(resolve, millis))
      child.kill("SIGKILL")
      await ended
    }
    const { err, exitCode, out } = await optimystic(...args, "--json")
    expect({ err, exitCode }).toEqual({ err: expect.not.stringContaining("error"), exitCode: 0 })
    const { imported, skipped } = JSON.parse(out) as { readonly imported: number; readonly skipped: number }
    expect(imported + skipped).toBe(entries.length)
    expect((await optimystic("diary", "export", "log", "--data", data)).out).toBe(linesOf(...entries))
  })

  it("interrupted, an import says how far it came", async () => {
    const args = ["tree", "import", "slow", "--key", "id", "--batch", "1", "--data", at("interrupted")]
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["pipe", "ignore", "pipe"] })
    child.stdin.write(linesOf({ id: "a" }, { id: "b" }))
    let err = ""
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text
    })
    while (!(await FileSystem.stat(at("interrupted/store/journal-a")).catch(() => undefined))) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    // Both are in, and it waits for the third.
    await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill("SIGINT")
    const [exitCode] = await once(child, "exit")
    expect(exitCode).toBe(130)
    expect(err).toMatch(
      /^optimystic: interrupted; (?:nothing is imported|lines 1 to [12] are imported, --resume goes on after them)\n$/
    )
  })
})
