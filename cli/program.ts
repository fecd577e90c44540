/** What `optimystic` does with its command line. */
import { stripVTControlCharacters } from "node:util"
import * as CliConfig from "@effect/cli/CliConfig"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Cause from "effect/Cause"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { run } from "./command.ts"
import { complaintOf } from "./complaint.ts"
import { CommandFailed, describe, EXIT } from "./failure.ts"

const args = process.argv.slice(2)

/** Help in colour only where somebody sees it, and complaints of the parser like those of commands. */
const inOurWords = (console: Console.Console): Console.Console => ({
  ...console,
  error: (said: string) =>
    console.error(describe(complaintOf(args, stripVTControlCharacters(said)), args.includes("--json")).line),
  log: (text: string) => console.log(process.stdout.isTTY ? text : stripVTControlCharacters(text))
})

const environment = Layer.mergeAll(
  NodeFileSystem.layer,
  NodePath.layer,
  NodeTerminal.layer,
  CliConfig.layer({ showBuiltIns: false }),
  // Standard output is for results.
  Logger.replace(Logger.defaultLogger, Logger.withConsoleError(Logger.logfmtLogger))
)

/** Commands that run until they are told to stop: where they are, and have closed all, they have done what they should. */
const LASTING: ReadonlySet<string | undefined> = new Set(["cluster", "node"])

const exitCodeOf = (cause: Cause.Cause<unknown>): number => {
  if (Cause.isInterruptedOnly(cause)) return LASTING.has(args[0]) ? 0 : EXIT.interrupted
  const failure = Cause.failureOption(cause)
  if (failure._tag === "None") {
    console.error(`optimystic: an unexpected error; please report it\n${Cause.pretty(cause)}`)
    return EXIT.unexpected
  }
  // Any other failure is one of the parser, which has said so itself.
  return failure.value instanceof CommandFailed ? failure.value.exitCode : EXIT.usage
}

// Whoever reads the results may have seen enough, as `head` has.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.unexpected))

Effect.consoleWith((console) => Effect.withConsole(run(args), inOurWords(console))).pipe(
  Effect.provide(environment),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit, end) => end(Exit.isSuccess(exit) ? 0 : exitCodeOf(exit.cause))
  })
)
