/** A network of real processes, as a user starts one. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { EXIT } from "../../cli/failure.ts"
import { COMMAND, ensureBuilt } from "../package/Distribution.ts"
import { done, optimystic } from "./command.ts"

const TIMEOUT_MILLIS = 120_000
const LOOK_MILLIS = 50

interface Ready {
  readonly directory: string
  readonly nodes: ReadonlyArray<{
    readonly address: string
    readonly name: string
    readonly peer: string
    readonly pid: number
  }>
}

let clusters: Array<ChildProcess> = []

const clusterOf = (...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, [COMMAND, "cluster", "--json", ...args], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  clusters.push(child)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value as string)
  return { child, next }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Waits until none of some processes is there. */
const gone = async ({ nodes }: Ready): Promise<void> => {
  while (nodes.some(({ pid }) => isAlive(pid))) await setTimeout(LOOK_MILLIS)
}

beforeAll(ensureBuilt, TIMEOUT_MILLIS)
afterEach(() => {
  // The nodes of a cluster that is gone end by themselves.
  for (const child of clusters) child.kill("SIGKILL")
  clusters = []
})

describe("optimystic cluster", { timeout: TIMEOUT_MILLIS }, () => {
  it("serves once it says so, goes on and says which where one node ends, and stops all where it is told to", async () => {
    const { child, next } = clusterOf("--nodes", "4", "--network", "bank")
    const ready: Ready = await next()
    expect(ready).toMatchObject({ event: "ready", network: "bank" })
    expect(new Set(ready.nodes.map(({ peer }) => peer)).size).toBe(4)
    const [first, ...others] = ready.nodes
    const on = ["--network", "bank", "--bootstrap", first!.address]
    expect(await optimystic("tree", "put", "cities", "oslo", "1", ...on)).toEqual(done("put oslo"))
    const { name, peer, pid } = others[2]!
    process.kill(pid, "SIGKILL")
    expect(await next()).toEqual({ event: "ended", how: "was ended by SIGKILL", name, peer })
    expect(await optimystic("tree", "get", "cities", "oslo", ...on)).toEqual(done("1"))
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
    expect(ready.nodes.filter(({ pid }) => isAlive(pid))).toEqual([])
    expect(existsSync(ready.directory)).toBe(false)
  })

  it("leaves no node behind where it is killed itself, and fails once no node is left", async () => {
    const alone = ["--nodes", "1", "--cluster-size", "1", "--fault-model", "crash"]
    const killed = clusterOf(...alone)
    const orphans: Ready = await killed.next()
    killed.child.kill("SIGKILL")
    await gone(orphans)
    await rm(orphans.directory, { force: true, recursive: true })
    const left = clusterOf(...alone)
    const ready: Ready = await left.next()
    process.kill(ready.nodes[0]!.pid, "SIGKILL")
    expect(await once(left.child, "exit")).toEqual([EXIT.retry, null])
  })

  it("is told that so few nodes are no network", async () => {
    const { err, exitCode } = await optimystic("cluster", "--nodes", "3")
    expect([exitCode, err]).toEqual([
      EXIT.refused,
      "optimystic: 3 node(s) are no network whose collections are kept by 4; add nodes, or lower --cluster-size\n"
    ])
  })
})
