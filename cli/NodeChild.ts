/** A node in a process of its own, started by this one. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { NodeEnded } from "./failure.ts"

/** What a node says of itself as it starts. */
export interface Started {
  readonly peer: string
  readonly addresses: ReadonlyArray<string>
}

/** A process that runs a node. */
export interface NodeChild {
  readonly name: string
  readonly pid: number | undefined
  readonly started: Effect.Effect<Started, NodeEnded>
  readonly ready: Effect.Effect<void, NodeEnded>
  /** How it ended, once it has. */
  readonly ended: Effect.Effect<string>
  /** Tells it to stop, and waits until it has; one that does not is killed. */
  readonly stop: Effect.Effect<void>
}

/** A node hangs up and closes its store in less than this. */
const STOP_MILLIS = 10_000

/** A line that a node prints, if it is one of its own. */
const eventOf = (line: string): Partial<Started> & { readonly event?: string } => {
  try {
    return JSON.parse(line)
  } catch {
    return {}
  }
}

const endOf = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `ended with ${code}` : `was ended by ${signal}`

/** Starts a node with arguments of `optimystic node`. What it logs is passed on under its name. */
export const start = (name: string, args: ReadonlyArray<string>): NodeChild => {
  const started = Deferred.unsafeMake<Started, NodeEnded>(FiberId.none)
  const ready = Deferred.unsafeMake<void, NodeEnded>(FiberId.none)
  const ended = Deferred.unsafeMake<string>(FiberId.none)
  // Of a group of its own, Ctrl-C does not reach it: it is told once, by this process. Should this one be killed, the channel closes.
  const child: ChildProcess = spawn(process.execPath, [process.argv[1]!, "node", "--json", ...args], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  createInterface(child.stdout!).on("line", (line) => {
    const { addresses = [], event, peer = "" } = eventOf(line)
    if (event === "started") Deferred.unsafeDone(started, Effect.succeed({ addresses, peer }))
    if (event === "ready") Deferred.unsafeDone(ready, Effect.void)
  })
  createInterface(child.stderr!).on("line", (line) => process.stderr.write(`${name}: ${line}\n`))
  const onEnd = (how: string) => {
    const failed = new NodeEnded({ message: `${name} ${how} before it could serve` })
    Deferred.unsafeDone(started, Effect.fail(failed))
    Deferred.unsafeDone(ready, Effect.fail(failed))
    Deferred.unsafeDone(ended, Effect.succeed(how))
  }
  child.on("error", (error) => onEnd(`could not be started (${error.message})`))
  child.on("exit", (code, signal) => onEnd(endOf(code, signal)))
  const isOver = Effect.interruptible(Deferred.await(ended))
  return {
    ended: Deferred.await(ended),
    name,
    pid: child.pid,
    ready: Deferred.await(ready),
    started: Deferred.await(started),
    stop: Effect.gen(function* () {
      if (yield* Deferred.isDone(ended)) return
      child.kill("SIGTERM")
      const hasEnded = yield* Effect.timeoutOption(isOver, Duration.millis(STOP_MILLIS))
      if (hasEnded._tag === "Some") return
      child.kill("SIGKILL")
      yield* isOver
    })
  }
}
