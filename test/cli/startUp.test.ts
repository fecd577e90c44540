/** What makes the start of the command slow is what it loads. That, unlike the time, is the same every time. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { COMMAND, ensureBuilt, ROOT } from "../package/Distribution.ts"
import { optimystic } from "./command.ts"

const HOOKS = pathToFileURL(Path.join(ROOT, "test", "cli", "loaded.mjs")).href
const BIN = `${pathToFileURL(Path.join(ROOT, "dist", "bin")).href}/`

/** What a command loads: the parts of the bundle by what they are called, and of other packages their names. */
const loadedBy = async (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--import", HOOKS, COMMAND, ...args], {
    stdio: ["ignore", "ignore", "inherit", "pipe"]
  })
  const ended = once(child, "exit")
  let text = ""
  for await (const chunk of child.stdio[3] as AsyncIterable<Buffer>) text += chunk
  expect(await ended).toEqual([0, null])
  const urls = [...new Set(text.trimEnd().split("\n"))].filter((url) => url.startsWith("file:"))
  const files = urls.filter((url) => url.startsWith(BIN))
  const elsewhere = urls.filter((url) => !url.startsWith(BIN) && url !== HOOKS)
  return {
    count: files.length,
    own: files.map((url) => url.slice(BIN.length).replace(/(?:-[0-9A-Z]{8})?\.js$/, "")),
    packages: [...new Set(elsewhere.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url))]
  }
}

let directory = ""

beforeAll(async () => {
  await ensureBuilt()
  directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-start-"))
  for (const storage of ["level", "files"]) {
    const data = Path.join(directory, storage)
    expect(await optimystic("tree", "put", "t", "k", "1", "--data", data, "--storage", storage)).toMatchObject({
      exitCode: 0
    })
  }
}, 60_000)

afterAll(() => FileSystem.rm(directory, { force: true, recursive: true }))

/** Every file costs as much as some kilobytes of code: a command loads few. */
const MOST_FILES = 38

describe("The start of the command", { timeout: 60_000 }, () => {
  it("loads no database to show its help", async () => {
    const { count, own, packages } = await loadedBy("--help")
    expect(own).not.toContain("database")
    expect(packages).toEqual([])
    expect(count).toBeLessThan(MOST_FILES)
  })

  it("loads, to get an entry, the storage it is in, and nothing of what other commands do", async () => {
    const others = ["Collections", "MemoryStorage", "NodeBackup", "diaries", "exportLines", "importLines"]
    const storages = { files: "FilesStorage", level: "LevelStorage" }
    for (const storage of ["files", "level"] as const) {
      const { count, own, packages } = await loadedBy("tree", "get", "t", "k", "--data", Path.join(directory, storage))
      expect(Object.values(storages).filter((name) => own.includes(name))).toEqual([storages[storage]])
      expect(own).toContain("trees")
      expect(own.filter((name) => others.includes(name))).toEqual([])
      expect(packages.filter((name) => name !== "classic-level")).toEqual([])
      expect(count).toBeLessThan(MOST_FILES)
    }
  })
})
