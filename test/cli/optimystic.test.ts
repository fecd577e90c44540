/** What a new user gets wrong, and what the command says to it. What goes right is on the page that `docs.test.ts` runs. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { Effect, Schema } from "effect"
import { Node, Tree } from "effect-optimystic"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { EXIT } from "../../cli/failure.ts"
import { COMMAND, ensureBuilt, ROOT } from "../package/Distribution.ts"
import { type Ended, optimystic, optimysticWith } from "./command.ts"

/** Each test starts several processes, on a machine that may be busy. */
const TIMEOUT_MILLIS = 180_000

let directory = ""
let data = ""

const Numbers = Tree.define("numbers", {
  entry: Schema.Struct({ n: Schema.Int }),
  key: Schema.Int,
  keyOf: ({ n }) => n
})
const People = Tree.define("people", {
  entry: Schema.Struct({ id: Schema.String }),
  key: Schema.String,
  keyOf: ({ id }) => id
})

beforeAll(async () => {
  await ensureBuilt()
  directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-cli-"))
  data = Path.join(directory, "data")
  const people = Effect.flatMap(Tree.openOrCreate(People), (people) => people.put({ id: "ann" }))
  await Effect.runPromise(
    Effect.zipRight(Tree.openOrCreate(Numbers), people).pipe(Effect.provide(Node.layerLocal({ directory: data })))
  )
})

afterAll(() => FileSystem.rm(directory, { force: true, recursive: true }))

/** A failed command: a code, one line on standard error, nothing on standard output. */
const failed = (exitCode: number, line: string): Ended => ({ err: `optimystic: ${line}\n`, exitCode, out: "" })

describe("The optimystic command", { timeout: TIMEOUT_MILLIS }, () => {
  it("a mistake on the command line ends 2 and says what is wrong", async () => {
    const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
      [["tree", "put", "cities", "oslo", "1"], "--data"],
      [["tree", "put", "cities", "oslo", "text", "--data", data], "Not JSON: text (a text needs quotes"],
      [["tree", "gte", "cities"], "Invalid subcommand"],
      [["diary", "read", "log", "--limit", "-1", "--data", data], "--limit must not be negative"],
      [["tree", "get", "cities", "oslo", "--dta", data], "--data"],
      [["tree", "import", "cities", "--batch", "0", "--data", data], "--batch must be from 1 to 4000"],
      [["backup", "--data", data], "--to"]
    ]
    for (const [args, said] of mistakes) {
      const { err, exitCode, out } = await optimystic(...args)
      expect([args, exitCode, out]).toEqual([args, EXIT.usage, ""])
      expect(err).toContain(said)
    }
  })

  it("reading where nothing is ends 3, and makes nothing", async () => {
    const nowhere = Path.join(directory, "nowhere")
    const holdsNone = failed(EXIT.notFound, `${nowhere} holds no database; a command that writes makes one`)
    expect(await optimystic("tree", "get", "cities", "oslo", "--data", nowhere)).toEqual(holdsNone)
    expect(await optimystic("backup", "--data", nowhere, "--to", `${nowhere}-backup`)).toEqual(holdsNone)
    const noFile = await optimystic("tree", "import", "cities", Path.join(nowhere, "cities.jsonl"), "--data", nowhere)
    expect(noFile).toEqual(failed(EXIT.notFound, `There is no file ${nowhere}/cities.jsonl`))
    expect((await FileSystem.readdir(directory)).sort()).toEqual(["data"])
    expect(await optimystic("tree", "count", "towns", "--data", data)).toEqual(
      failed(
        EXIT.notFound,
        'No collection is named "towns"; `optimystic collections` lists those there are; `tree put`, `diary append` and imports make them'
      )
    )
  })

  it("a directory of something else is no database, and is left as it is", async () => {
    const other = Path.join(directory, "other")
    await FileSystem.mkdir(Path.join(other, "store"), { recursive: true })
    await FileSystem.writeFile(Path.join(other, "store", "notes.txt"), "mine")
    expect(await optimystic("collections", "--data", other)).toEqual(
      failed(EXIT.notFound, `${other} holds no database; a command that writes makes one`)
    )
    expect(await FileSystem.readdir(Path.join(other, "store"))).toEqual(["notes.txt"])
    const inFile = await optimystic("tree", "put", "t", "k", "1", "--data", Path.join(other, "store", "notes.txt"))
    expect(inFile).toMatchObject({ exitCode: EXIT.refused, out: "" })
    expect(inFile.err).toContain("name another directory")
  })

  it("a collection of another kind, order or form is refused, with the way to read it", async () => {
    expect(await optimystic("diary", "read", "people", "--data", data)).toEqual(
      failed(EXIT.refused, 'Collection "people" has kind tree, not diary')
    )
    expect(await optimystic("tree", "get", "numbers", "1", "--data", data)).toEqual(
      failed(EXIT.refused, 'Collection "numbers" has keyOrder number, not string')
    )
    const form = await optimystic("tree", "range", "people", "--data", data)
    expect(form).toMatchObject({ exitCode: EXIT.refused, out: "" })
    expect(form.err).toContain("name the property that bears the keys, as in --key id")
    expect(await optimystic("tree", "put", "people", "bob", '{"id":"ben"}', "--key", "id", "--data", data)).toEqual(
      failed(EXIT.refused, 'This entry cannot be put as "bob": it bears another key')
    )
  })

  it("what is too large is refused", async () => {
    const long = await optimystic("tree", "put", "people", "k".repeat(5_000), "1", "--data", data, "--json")
    expect(long).toMatchObject({ exitCode: EXIT.refused, out: "" })
    expect(JSON.parse(long.err)).toMatchObject({ error: "LimitExceeded", exitCode: EXIT.refused })
    const line = JSON.stringify({ id: "b", text: "x".repeat(140_000) })
    const large = await optimysticWith(
      `{"id":"a"}\n${line}\n`,
      "tree",
      "import",
      "people",
      "--key",
      "id",
      "--data",
      data
    )
    expect(large).toMatchObject({ exitCode: EXIT.malformed, out: "" })
    expect(large.err).toContain("line 2: the size of the entry in bytes is 140")
  })

  it("a database in use by another process ends 4, but can be backed up", async () => {
    const backup = Path.join(directory, "backup")
    const [counted, backedUp] = await Effect.runPromise(
      Effect.promise(async () => [
        await optimystic("tree", "count", "people", "--key", "id", "--data", data),
        await optimystic("backup", "--data", data, "--to", backup, "--json")
      ]).pipe(Effect.provide(Node.layerLocal({ directory: data })))
    )
    expect(counted).toMatchObject({ exitCode: EXIT.retry, out: "" })
    expect(counted!.err).toContain("in use by another process")
    expect(backedUp).toMatchObject({ err: "", exitCode: 0 })
    expect(await optimystic("backup", "--data", data, "--to", backup)).toMatchObject({ exitCode: EXIT.refused })
  })

  it("what is damaged ends 7, and verify says where", async () => {
    const damaged = Path.join(directory, "damaged")
    await FileSystem.cp(data, damaged, { recursive: true })
    const store = Path.join(damaged, "store")
    for (const name of (await FileSystem.readdir(store)).filter((name) => name.endsWith(".ldb"))) {
      const path = Path.join(store, name)
      const bytes = await FileSystem.readFile(path)
      for (let at = 0; at < bytes.length / 2; at += 100) bytes[at]! ^= 1
      await FileSystem.writeFile(path, bytes)
    }
    const { err, exitCode } = await optimystic("verify", "--all", "--data", damaged)
    expect(exitCode).toBe(EXIT.corrupt)
    expect(err).toMatch(/corrupt|not sound|cannot be opened/)
    expect(await optimystic("verify", "--data", data)).toEqual(failed(EXIT.refused, "Name a collection, or give --all"))
  })

  it("without permission it ends 6, and says who can give it", async () => {
    const closed = Path.join(directory, "closed")
    await FileSystem.mkdir(closed, { mode: 0o500 })
    // Whoever may do anything becomes somebody who may not.
    const user = process.getuid?.() === 0 ? { gid: 65534, uid: 65534 } : {}
    await FileSystem.chmod(directory, 0o755)
    const args = [COMMAND, "tree", "put", "t", "k", "1", "--data", Path.join(closed, "data")]
    const { code, stderr } = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
      execFile(process.execPath, args, { ...user, cwd: directory }, (error, _out, stderr) =>
        resolve({ code: error?.code, stderr })
      )
    })
    expect({ code, stderr }).toEqual({
      code: EXIT.refused,
      stderr: expect.stringContaining("ask who owns the directory for permission, or name another")
    })
  })

  it("--version tells that of the package, and --help teaches", async () => {
    const { version } = JSON.parse(readFileSync(Path.join(ROOT, "package.json"), "utf8")) as {
      readonly version: string
    }
    expect((await optimystic("--version")).out.trim()).toBe(version)
    const help = await optimystic("tree", "put", "--help")
    expect(help).toMatchObject({ err: "", exitCode: 0 })
    for (const part of [
      "--data DIR",
      "<collection> <key> <json>",
      "Example: optimystic tree put",
      "Ends with 0 when done"
    ]) {
      expect(help.out).toContain(part)
    }
  })
})
