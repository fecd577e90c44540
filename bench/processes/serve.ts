/**
 * What a program does that is asked by whoever started it: it answers remote procedures on its standard input and output, and ends, with all that it has
 * closed, on SIGTERM, or with its standard input.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeSink from "@effect/platform-node/NodeSink"
import * as NodeStream from "@effect/platform-node/NodeStream"
import type * as Rpc from "@effect/rpc/Rpc"
import type * as RpcGroup from "@effect/rpc/RpcGroup"
import * as RpcSerialization from "@effect/rpc/RpcSerialization"
import * as RpcServer from "@effect/rpc/RpcServer"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"

// Standard output is for answers.
const logging = Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))

/** Answers, once all that answers is there, until the process is told to end: then it ends 0. Ends 1 where something breaks. */
export const serve = <Rpcs extends Rpc.Any, E>(
  rpcs: RpcGroup.RpcGroup<Rpcs>,
  handlers: Layer.Layer<Rpc.ToHandler<Rpcs> | Rpc.Middleware<Rpcs>, E>
): void => {
  const program = Effect.gen(function* () {
    const protocol = yield* RpcServer.makeProtocolStdio({ stdin: NodeStream.stdin, stdout: NodeSink.stdout })
    return yield* RpcServer.make(rpcs, { disableFatalDefects: true, disableTracing: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol)
    )
  }).pipe(
    Effect.provide(RpcSerialization.layerNdjson),
    Effect.scoped,
    Effect.provide(handlers),
    Effect.tapErrorCause((cause) => (Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError(cause))),
    Effect.provide(logging)
  )
  NodeRuntime.runMain(program, {
    // It would go to standard output.
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, end) => end(Exit.isSuccess(exit) || Exit.isInterrupted(exit) ? 0 : 1)
  })
}
