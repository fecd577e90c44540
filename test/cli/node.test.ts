import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import * as FileSystem from "node:fs/promises"
import * as Os from "node:os"
import * as Path from "node:path"
import { createInterface } from "node:readline"
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { EXIT } from "../../cli/failure.ts"
import { freePort } from "../fixtures/freePort.ts"
import { samplesIn } from "../monitor/exposition.ts"
import { COMMAND, ensureBuilt } from "../package/Distribution.ts"
import { optimystic } from "./command.ts"

const ANY_PORT = "/ip4/127.0.0.1/tcp/0"
const TIMEOUT_MILLIS = 60_000

let directory = ""
let children: Array<ChildProcess> = []

/** A node in a process of its own, and the lines that it prints. */
const nodeOf = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [COMMAND, "node", ...args], { stdio: ["ignore", "pipe", "inherit"] })
  children.push(child)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => (await lines.next()).value as string
  return { child, next }
}

const peerOf = async (data: string): Promise<string> => (await optimystic("identity", "--data", data)).out.trim()

beforeAll(ensureBuilt, TIMEOUT_MILLIS)
beforeEach(async () => {
  children = []
  directory = await FileSystem.mkdtemp(Path.join(Os.tmpdir(), "optimystic-node-"))
})
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL")
  await FileSystem.rm(directory, { force: true, recursive: true })
})

describe("optimystic node", { timeout: TIMEOUT_MILLIS }, () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "says who and where it is, then that it is ready, and closes and ends with 0 at %s",
    async (signal) => {
      const peer = await peerOf(directory)
      const alone = ["--cluster-size", "1", "--fault-model", "crash", "--founder", peer]
      const { child, next } = nodeOf("--network", "bank", "--data", directory, "--listen", ANY_PORT, "--json", ...alone)
      const address = expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/)
      expect(JSON.parse(await next())).toEqual({ addresses: [address], event: "started", peer })
      expect(JSON.parse(await next())).toEqual({ event: "ready", peer })
      child.kill(signal)
      expect(await once(child, "exit")).toEqual([0, null])
      // The store was closed: its lock is free, and it is of the network that was named.
      expect(await FileSystem.readdir(Path.join(directory, "store"))).toContain("last-sequence.json")
    }
  )

  it("tells people where others can join by it", async () => {
    const { next } = nodeOf("--network", "bank", "--listen", ANY_PORT)
    const [, peer] = /^node (12D3KooW\w+)$/.exec(await next())!
    expect(await next()).toMatch(new RegExp(`^reached at /ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${peer}$`))
  })

  it("with --monitor tells over HTTP that it is ready; a port that is in use ends it, in one line", async () => {
    const port = await freePort()
    const alone = ["--cluster-size", "1", "--fault-model", "crash", "--founder", await peerOf(directory)]
    const { next } = nodeOf("--network", "bank", "--data", directory, "--monitor", String(port), "--json", ...alone)
    expect(JSON.parse(await next())).toMatchObject({ event: "started" })
    expect(JSON.parse(await next())).toMatchObject({ event: "ready" })
    const monitor = `http://127.0.0.1:${port}`
    const ready = await fetch(`${monitor}/ready`)
    expect([ready.status, await ready.json()]).toEqual([200, { status: "ready" }])
    // The directory says how many are active when it looks next.
    const active = async () =>
      samplesIn(await (await fetch(`${monitor}/metrics`)).text()).get("optimystic_directory_active")
    await expect.poll(active, { timeout: 5_000 }).toBe(1)
    const { err, exitCode } = await optimystic("node", "--network", "bank", "--monitor", String(port))
    expect([exitCode, err]).toEqual([
      EXIT.refused,
      `optimystic: The monitor cannot listen at 127.0.0.1, port ${port}: the port is in use; name another\n`
    ])
  })

  it("says in one line what is wrong with its options", async () => {
    const { err, exitCode } = await optimystic("node", "--network", "bank", "--listen", "localhost")
    expect([exitCode, err]).toEqual([EXIT.refused, 'optimystic: "localhost" is no address: /ip4/…/tcp/…\n'])
    const nowhere = await optimystic("node", "--network", "bank", "--monitor", "localhost")
    expect([nowhere.exitCode, nowhere.err]).toEqual([
      EXIT.refused,
      'optimystic: "localhost" is no port of a monitor: 9464, 127.0.0.1:9464\n'
    ])
    const few = await optimystic("node", "--network", "bank", "--founder", await peerOf(directory))
    expect([few.exitCode, few.err]).toEqual([
      EXIT.refused,
      "optimystic: A network begins with at least 4 founders, as many as a cluster has members: it has 1\n"
    ])
  })
})
