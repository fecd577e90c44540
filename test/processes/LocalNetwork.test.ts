import { beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { workplaceIn } from "../../bench/environment.ts"
import { WorkRpcs } from "../../bench/network/WorkRpcs.ts"
import { clientOf, startWork } from "../../bench/network/workNetwork.ts"
import { builtProgram } from "../../bench/processes/builtProgram.ts"
import * as ChildProcess from "../../bench/processes/ChildProcess.ts"
import { ensureBuilt } from "../package/Distribution.ts"
import { temporaryDirectory } from "../storage/temporaryDirectory.ts"

const TIMEOUT_MILLIS = 180_000
/** A process that stands still does not answer within this. */
const STILL_MILLIS = 300
const LOOK_MILLIS = 50

beforeAll(ensureBuilt, TIMEOUT_MILLIS)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const network = Effect.flatMap(temporaryDirectory, (directory) => startWork(workplaceIn(directory)))

describe("a network of processes", () => {
  it.scopedLive(
    "a node that was killed comes back with who it is and what it had, and has by itself what it missed; told to end, all end 0",
    () =>
      Effect.gen(function* () {
        const nodes = yield* network
        const last = nodes.at(-1)!
        const { pid } = last.process
        yield* clientOf(nodes, 0).Put({ seed: 1, times: 3, trees: ["places"] })
        yield* last.kill
        expect(isAlive(pid)).toBe(false)
        yield* clientOf(nodes, 0).Put({ seed: 2, times: 3, trees: ["places"] })
        const kept = yield* clientOf(nodes, 0).Kept()
        expect(kept).toHaveLength(1)
        yield* last.start
        expect(last.process.pid).not.toBe(pid)
        expect((yield* last.process.client.Started()).peer).toBe(last.peer)
        const caughtUp = Effect.map(
          Effect.delay(clientOf(nodes, 3).Kept(), LOOK_MILLIS),
          ([only]) => only?.rev === kept[0]!.rev
        )
        yield* Effect.repeat(caughtUp, { until: (is) => is })
        const ends = yield* Effect.forEach(nodes, ({ stop }) => stop, { concurrency: "unbounded" })
        expect(ends).toEqual([0, 0, 0, 0])
      }),
    TIMEOUT_MILLIS
  )

  it.scopedLive(
    "a process that was stopped answers nothing until it goes on, and the others do without it",
    () =>
      Effect.gen(function* () {
        const nodes = yield* network
        yield* clientOf(nodes, 0).Create({ trees: ["places"] })
        const { client, pause, resume } = nodes.at(-1)!.process
        yield* pause
        const asked = yield* Effect.fork(client.Usage())
        yield* clientOf(nodes, 0).Put({ seed: 1, times: 2, trees: ["places"] })
        yield* Effect.sleep(STILL_MILLIS)
        expect(yield* asked.poll).toMatchObject({ _tag: "None" })
        yield* resume
        expect((yield* asked).rssBytes).toBeGreaterThan(0)
      }),
    TIMEOUT_MILLIS
  )
})

it.scopedLive("who asks a process that has ended is told how it ended, and what it said last", () =>
  Effect.gen(function* () {
    const program = builtProgram(new URL("../../bench/network/work.ts", import.meta.url).href, "./workNode")
    const { client } = yield* ChildProcess.start(WorkRpcs, program, "no settings")
    const waiting = yield* Effect.flip(client.Ready())
    expect(waiting.message).toContain("has ended with 1: ")
    expect(waiting.message).toContain("no settings")
    expect((yield* Effect.flip(client.Ready())).message).toContain("has ended with 1")
  })
)
