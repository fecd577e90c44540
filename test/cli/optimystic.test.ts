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
import { done, type Ended, optimystic, optimysticWith } from "./command.ts"

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
    const takes = (command: string) => `\`optimystic ${command} --help\` shows what it takes`
    const commands = "it has backup, cluster, collections, diary, identity, node, status, tree, verify"
    const mistakes: ReadonlyArray<readonly [args: ReadonlyArray<string>, said: string]> = [
      [
        ["tree", "put", "cities", "oslo", "1"],
        "the database is not named; add --data DIR, or --bootstrap ADDRESS and --network NAME of a network\n"
      ],
      [["tree", "put", "cities", "oslo", "--data", data], `Missing argument <json>; ${takes("tree put")}`],
      [
        ["tree", "put", "cities", "oslo", "text", "--data", data],
        `Not JSON: text (a text needs quotes of its own: '"text"'); ${takes("tree put")}`
      ],
      [["tre", "get", "cities"], `\`optimystic\` has no command "tre"; ${commands}`],
      [["--data", data, "verify"], `\`optimystic\` needs the name of a command before its options; ${commands}`],
      [
        ["tree", "gte", "cities"],
        '`optimystic tree` has no command "gte"; it has count, delete, export, first, get, import, last, put, range'
      ],
      [
        ["diary", "--data", data],
        "`optimystic diary` needs the name of a command before its options; it has append, export, import, length, read"
      ],
      [
        ["diary", "read", "log", "--limit", "-1", "--data", data],
        `--limit must not be negative; ${takes("diary read")}`
      ],
      [["diary", "read", "log", "--limit", "x", "--data", data], `'x' is not a integer; ${takes("diary read")}`],
      [["tree", "get", "cities", "oslo", "--dta", data], `Received unknown argument: '--dta'; ${takes("tree get")}`],
      [["tree", "import", "cities", "--batch", "0", "--data", data], "--batch must be from 1 to 4000"],
      [
        ["tree", "put", "cities", "oslo", "1", "--storage", "s3", "--data", data],
        `Expected one of the following cases: level, files; ${takes("tree put")}`
      ],
      [["backup", "--data", data], `Expected to find option: '--to'; ${takes("backup")}`]
    ]
    for (const [args, said] of mistakes) {
      const { err, exitCode, out } = await optimystic(...args)
      expect([args, exitCode, out]).toEqual([args, EXIT.usage, ""])
      expect(err).toMatch(/^optimystic: [^\n]+\n$/)
      expect(err).toContain(said)
    }
    expect(JSON.parse((await optimystic("tree", "get", "t", "k", "--json")).err)).toMatchObject({
      error: "Usage",
      exitCode: EXIT.usage
    })
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
    const fix =
      "`optimystic collections --json` tells what each is; trees by other keys than texts are for programs alone"
    expect(await optimystic("diary", "read", "people", "--data", data)).toEqual(
      failed(EXIT.refused, `Collection "people" has kind tree, not diary; ${fix}`)
    )
    expect(await optimystic("tree", "get", "numbers", "1", "--data", data)).toEqual(
      failed(EXIT.refused, `Collection "numbers" has keyOrder number, not string; ${fix}`)
    )
    const form = await optimystic("tree", "range", "people", "--data", data)
    expect(form).toMatchObject({ exitCode: EXIT.refused, out: "" })
    expect(form.err).toContain("name the property that bears the keys, as in --key id")
    expect(await optimystic("tree", "put", "people", "bob", '{"id":"ben"}', "--key", "id", "--data", data)).toEqual(
      failed(EXIT.refused, 'This entry cannot be put as "bob": it bears another key')
    )
  })

  it("a store in files is used without being told, but for its copy, which says what to do", async () => {
    const files = Path.join(directory, "files")
    expect(await optimystic("diary", "append", "log", "1", "--storage", "files", "--data", files)).toMatchObject({
      exitCode: 0
    })
    expect((await optimystic("diary", "append", "log", "2", "--data", files)).out).toBe("appended 1\n")
    expect((await optimystic("verify", "--all", "--data", files)).out).toBe('"log"\tsound\t3 revisions, 4 of blocks\n')
    expect(await optimystic("diary", "append", "log", "3", "--storage", "level", "--data", files)).toEqual(
      failed(EXIT.refused, `Store ${files}/store has storage files, not level; leave --storage out`)
    )
    expect(await optimystic("backup", "--data", files, "--to", `${files}-backup`)).toEqual(
      failed(
        EXIT.refused,
        `${files} has storage files, which cannot be copied in use; copy the directory while no process has it open`
      )
    )
  })

  it("a store that has lost a file is not taken for none", async () => {
    for (const storage of ["level", "files"]) {
      const damaged = Path.join(directory, `damaged-${storage}`)
      await optimystic("tree", "put", "t", "k", "1", "--storage", storage, "--data", damaged)
      await FileSystem.rm(Path.join(damaged, "store", "last-sequence.json"))
      expect(await optimystic("tree", "get", "t", "k", "--data", damaged)).toMatchObject({
        err: expect.stringContaining("last-sequence.json is missing"),
        exitCode: EXIT.corrupt
      })
    }
  })

  it("a word of the user's is not taken for one of the platform's", async () => {
    const words = ["--key", "id", "--data", data]
    expect(await optimystic("tree", "get", "people", "permission denied", ...words)).toEqual(
      failed(EXIT.notFound, '"people" has no entry with key "permission denied"')
    )
    const usage = await optimystic("tree", "put", "people", "k", "EACCES", "--json", ...words)
    expect([usage.exitCode, JSON.parse(usage.err)]).toMatchObject([
      EXIT.usage,
      { error: "Usage", exitCode: EXIT.usage }
    ])
  })

  it("a database whose key is lost is read, and not written to", async () => {
    const keyless = Path.join(directory, "keyless")
    await FileSystem.cp(data, keyless, { recursive: true })
    await FileSystem.rm(Path.join(keyless, "identity.json"))
    const get = await optimystic("tree", "get", "people", "ann", "--key", "id", "--data", keyless)
    expect(get).toMatchObject({ err: "", exitCode: 0 })
    const put = await optimystic("tree", "put", "people", "bob", '{"id":"bob"}', "--key", "id", "--data", keyless)
    expect(put).toMatchObject({ exitCode: EXIT.refused, out: "" })
    expect(put.err).toContain("of another key (identity.json) than this one; give that back, or export the data")
  })

  it("a file where a directory belongs, and the other way round, is named as such", async () => {
    const nowhere = Path.join(directory, "nowhere", "people.jsonl")
    expect(await optimystic("tree", "export", "people", nowhere, "--key", "id", "--data", data)).toEqual(
      failed(
        EXIT.refused,
        `${nowhere} cannot be written: the directory that it would be in is not there; make it first`
      )
    )
    expect(await optimystic("tree", "import", "people", directory, "--key", "id", "--data", data)).toMatchObject({
      err: expect.stringContaining(`${directory} cannot be read: it is a directory; name a file of JSON lines`),
      exitCode: EXIT.refused
    })
  })

  it("ends well where its reader has seen enough, and where its input is empty", async () => {
    const people = Array.from({ length: 20_000 }, (_, n) => `{"key":"k${n}","value":${n}}\n`).join("")
    const long = ["--batch", "4000", "--data", Path.join(directory, "long")]
    expect(await optimysticWith(people, "tree", "import", "t", ...long)).toMatchObject({ err: "", exitCode: 0 })
    const script = '"$NODE" "$COMMAND" tree range t --data "$DATA" | head -1'
    const env = { ...process.env, COMMAND, DATA: long[3]!, NODE: process.execPath }
    const said = await new Promise((resolve) =>
      execFile("bash", ["-o", "pipefail", "-c", script], { env }, (error, out, err) => resolve([error?.code, out, err]))
    )
    expect(said).toEqual([undefined, "k0\t0\n", ""])
    expect(await optimystic("diary", "import", "nothing", ...long)).toEqual(
      done("imported 0 in 1 transactions, skipped 0 lines")
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

  it("one damaged collection does not keep the others from being listed and checked", async () => {
    const partly = Path.join(directory, "partly-damaged")
    for (const name of ["a", "b", "c"]) {
      await optimystic("diary", "append", name, "1", "--storage", "files", "--data", partly)
    }
    const listed = (await optimystic("collections", "--json", "--data", partly)).out.trimEnd().split("\n")
    const [{ id, name }] = listed.map((line) => JSON.parse(line)) as [{ readonly id: string; readonly name: string }]
    const wholes = Path.join(partly, "store", "block", id, "blocks")
    for (const file of await FileSystem.readdir(wholes)) await FileSystem.appendFile(Path.join(wholes, file), "!")
    const found = await optimystic("collections", "--data", partly)
    expect(found.exitCode).toBe(EXIT.corrupt)
    expect(found.err).toContain("1 collection(s) cannot be read")
    expect(found.out.split("\n").map((line) => line.split("\t")[0])).toEqual([
      id,
      ...listed.slice(1).map((line) => JSON.stringify(JSON.parse(line).name)),
      ""
    ])
    const verified = await optimystic("verify", "--all", "--json", "--data", partly)
    expect(verified.exitCode).toBe(EXIT.corrupt)
    const reports = verified.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
    expect(reports.map(({ sound }) => sound)).toEqual([false, true, true])
    expect(reports[0]).toMatchObject({ collection: null, id, problems: [{ block: id }] })
    expect((await optimystic("verify", name, "--data", partly)).exitCode).toBe(EXIT.corrupt)
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
