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
const DIST = pathToFileURL(Path.join(ROOT, "dist")).href
const OWN = `${DIST}/`

/** The modules that a command loads: those of `dist` by their paths in it, others by their packages. */
const loadedBy = async (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--import", HOOKS, COMMAND, ...args], {
    stdio: ["ignore", "ignore", "inherit", "pipe"]
  })
  const ended = once(child, "exit")
  let text = ""
  for await (const chunk of child.stdio[3] as AsyncIterable<Buffer>) text += chunk
  expect(await ended).toEqual([0, null])
  const urls = [...new Set(text.trimEnd().split("\n"))]
  const own = urls.filter((url) => url.startsWith(OWN)).map((url) => url.slice(OWN.length))
  const packages = new Set(urls.flatMap((url) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.slice(1) ?? []))
  return { count: urls.length, own, packages: [...packages] }
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

/** More than there are, by less than any one thing that a start could do without. */
const MOST = { get: 790, help: 610 }

describe("The start of the command", { timeout: 60_000 }, () => {
  it("loads no database to show its help", async () => {
    const { count, own } = await loadedBy("--help")
    expect(own.filter((path) => !path.startsWith("cli/"))).toEqual([])
    expect(count).toBeLessThan(MOST.help)
  })

  it("loads, to get an entry, the storage it is in, and nothing of what other commands do", async () => {
    const others = [
      "cli/diaries.js",
      "cli/exportLines.js",
      "cli/importLines.js",
      "layers/NodeBackup.js",
      "layers/storage/MemoryStorage.js",
      "src/collection/Collections.js",
      "src/collection/Diary.js"
    ]
    const storages = { files: "layers/storage/FilesStorage.js", level: "layers/storage/LevelStorage.js" }
    for (const storage of ["files", "level"] as const) {
      const { count, own, packages } = await loadedBy("tree", "get", "t", "k", "--data", Path.join(directory, storage))
      expect(Object.values(storages).filter((path) => own.includes(path))).toEqual([storages[storage]])
      expect(own.filter((path) => others.includes(path))).toEqual([])
      expect(packages).not.toContain("sodium-native")
      expect(count).toBeLessThan(MOST.get)
    }
  })
})
