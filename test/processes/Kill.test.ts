import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Prng from "../../src/random/Prng.ts"

const COMMITTER = fileURLToPath(new URL("./committer.mjs", import.meta.url))
const WORKERS = 2
/** For each storage. */
const KILLS = 50
const STORAGES = ["level", "files"] as const
const MILLIS_PER_KILL = 8_000
/** As a rule a process is killed right in a commit; sometimes once what is behind its journal is at work, too. */
const DELAYS_MILLIS = [15, 15, 1_300] as const
/** A process that has not said anything new for so long hangs. */
const SILENCE_MILLIS = 20_000

/** What one process said before it was killed. */
interface Run {
  readonly found: ReadonlyArray<number>
  readonly acknowledged: ReadonlyArray<number>
}

/** Runs a committer until it has acknowledged so many transactions, waits for a moment, and kills it. */
const runUntilKilled = (
  directory: string,
  storage: string,
  before: ReadonlyArray<number>,
  acknowledgements: number,
  delayMillis: number
): Promise<Run> =>
  new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(process.execPath, [COMMITTER, directory, storage, ...before.map(String)], {
      stdio: ["ignore", "pipe", "pipe"]
    })
    const found = before.map(() => -1)
    const acknowledged = [...before]
    let count = 0
    let killed = false
    let rest = ""
    let complaint = ""
    let watchdog = setTimeout(() => child.kill("SIGKILL"), SILENCE_MILLIS)
    const kill = () => {
      killed = true
      child.kill("SIGKILL")
    }
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => child.kill("SIGKILL"), SILENCE_MILLIS)
      const lines = (rest + chunk).split("\n")
      rest = lines.pop()!
      for (const line of lines) {
        const [word, worker, number] = line.split(" ")
        if (word === "found") found[Number(worker)] = Number(number)
        else {
          acknowledged[Number(worker)] = Number(number)
          // Each worker compares what is on disk before it goes on: not before all have done so.
          if (found.every((checked) => checked >= 0) && ++count === acknowledgements) setTimeout(kill, delayMillis)
        }
      }
    })
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
      complaint += chunk
    })
    child.on("close", (code, signal) => {
      clearTimeout(watchdog)
      if (killed) resolve({ acknowledged, found })
      else {
        const said = JSON.stringify({ acknowledged, acknowledgements, before, code, count, found, signal })
        reject(new Error(`The committer ended by itself, or hung, after ${said}: ${complaint}`))
      }
    })
  })

/** Files that are in a directory while, or after, a process works there, apart from the records of its store. */
const leftovers = async (directory: string) =>
  (await readdir(directory, { recursive: true })).filter((path) =>
    /(?:^|\/)tmp\/.+$|(?:journal-.|\.new|\.log|LOG|\.old|MANIFEST-\d+)$/.test(path)
  )

/** Two files of a journal, a few unfinished ones, and of a database its logs and manifests, old and new. */
const MAX_LEFTOVERS = 12

describe.each(STORAGES)("a process that is killed, on storage %s,", (storage) => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "optimystic-kill-"))
  })
  afterAll(() => rm(directory, { force: true, recursive: true }))

  const timeout = KILLS * MILLIS_PER_KILL
  it(`loses no acknowledged transaction and leaves no half of one, ${KILLS} times`, { timeout }, async () => {
    const prng = Prng.make("kill")
    let acknowledged: ReadonlyArray<number> = Array.from({ length: WORKERS }, () => 0)
    for (let kill = 0; kill < KILLS; kill++) {
      const delayMillis = prng.nextInt(DELAYS_MILLIS[kill % DELAYS_MILLIS.length]!)
      const run = await runUntilKilled(directory, storage, acknowledged, 1 + prng.nextInt(40), delayMillis)
      // The process itself compares what it finds with what was acknowledged; it found something.
      expect(run.found.every((count, worker) => count >= acknowledged[worker]!)).toBe(true)
      acknowledged = run.acknowledged
    }
    expect(Math.min(...acknowledged)).toBeGreaterThan(KILLS)
    expect((await leftovers(directory)).length).toBeLessThan(MAX_LEFTOVERS)
  })
})
