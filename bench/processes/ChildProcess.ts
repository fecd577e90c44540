/** A program in a process of its own, which answers remote procedures (`serve`), as whoever started it sees it. */
import { type ChildProcess as NodeChildProcess, spawn } from "node:child_process"
import type { Readable, Writable } from "node:stream"
import * as NodeStream from "@effect/platform-node/NodeStream"
import type * as Rpc from "@effect/rpc/Rpc"
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A process that was started. */
export interface ChildProcess<Rpcs extends Rpc.Any> {
  /** Asks it. Fails with `RpcClientError`, which has what the process said last, once it has ended. */
  readonly client: RpcClient.RpcClient<Rpcs, RpcClientError>
  readonly pid: number
  /** Ends it at once, whatever it does (SIGKILL), and waits until it has ended. */
  readonly kill: Effect.Effect<void>
  /** Has it do nothing from now on (SIGSTOP). */
  readonly pause: Effect.Effect<void>
  /** Has it go on (SIGCONT). */
  readonly resume: Effect.Effect<void>
  /** Tells it to end (SIGTERM), and waits: what it ends with, null where a signal ended it. One that takes too long is killed. */
  readonly stop: Effect.Effect<number | null>
}

/** A process closes its nodes in less than this. */
const STOP_MILLIS = 10_000
/** Of what a process complains of, so much is kept. */
const MAX_COMPLAINT = 4_000

interface Spawned extends NodeChildProcess {
  readonly stdin: Writable
  readonly stdout: Readable
  readonly stderr: Readable
}

/** What a process wrote to its standard error last: read all the time, for a process waits where nobody reads. */
const complaintsOf = ({ stderr }: Spawned): (() => string) => {
  let said = ""
  stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-MAX_COMPLAINT)
  })
  return () => said.trim()
}

/** Starts a program with some arguments; killed with the scope. What it is asked before it can answer waits. */
export const start = <Rpcs extends Rpc.Any>(
  rpcs: RpcGroup.RpcGroup<Rpcs>,
  program: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<ChildProcess<Rpcs>, never, Scope.Scope | Rpc.MiddlewareClient<Rpcs>> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "pipe"] }) as Spawned),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const complaints = complaintsOf(child)
    const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)))
    // A process that has ended is not written to; that it has is told below.
    child.stdin.on("error", () => {})
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null
    const endedError = () =>
      new RpcClientError({
        message: `${program} (${child.pid}) has ended with ${child.signalCode ?? child.exitCode}: ${complaints()}`,
        reason: "Protocol"
      })
    const protocol = yield* RpcClient.Protocol.make((write) =>
      Effect.gen(function* () {
        const parser = RpcSerialization.ndjson.unsafeMake()
        const messages = NodeStream.fromReadable<Error, Uint8Array>(
          () => child.stdout,
          (cause) => new Error("its standard output cannot be read", { cause })
        ).pipe(Stream.mapConcat((bytes) => parser.decode(bytes) as ReadonlyArray<Parameters<typeof write>[0]>))
        yield* Stream.runForEach(messages, write).pipe(
          // Who says what is no answer cannot be asked any more.
          Effect.catchAllCause(() => Effect.sync(() => child.kill("SIGKILL"))),
          Effect.zipRight(Effect.promise(() => ended)),
          Effect.zipRight(Effect.suspend(() => write({ _tag: "ClientProtocolError", error: endedError() }))),
          Effect.forkScoped
        )
        return {
          send: (message) =>
            Effect.suspend(() => {
              if (hasEnded()) return Effect.fail(endedError())
              child.stdin.write(parser.encode(message)!)
              return Effect.void
            }),
          supportsAck: true,
          supportsTransferables: false
        }
      })
    )
    const client = yield* RpcClient.make(rpcs, { disableTracing: true }).pipe(
      Effect.provideService(RpcClient.Protocol, protocol)
    )
    const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
    const awaitEnd = Effect.promise(() => ended)
    const kill = Effect.zipRight(signal("SIGKILL"), Effect.asVoid(awaitEnd))
    return {
      client,
      kill,
      pause: signal("SIGSTOP"),
      pid: child.pid!,
      resume: signal("SIGCONT"),
      stop: Effect.zipRight(signal("SIGTERM"), awaitEnd).pipe(
        Effect.timeoutTo({
          duration: STOP_MILLIS,
          onSuccess: Effect.succeed<number | null>,
          onTimeout: () => Effect.zipRight(kill, awaitEnd)
        }),
        Effect.flatten
      )
    }
  })
