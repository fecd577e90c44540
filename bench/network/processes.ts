/** Processes that benchmarks start, and end. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface, type Interface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Address, PeerId } from "effect-optimystic/schemas"

const Started = Schema.parseJson(Schema.Struct({ addresses: Schema.Array(Address), peer: PeerId }))

/** A process that writes lines. */
export interface Talker {
  readonly child: ChildProcess
  readonly lines: Interface
  readonly firstLine: string
}

/** The program of a name among those that are built beside this one. */
export const builtProgram = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url))

/** A program in a process of its own, killed with the scope, once it has said something. */
export const talker = (program: string, ...args: ReadonlyArray<string>): Effect.Effect<Talker, Error, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [program, ...args], { stdio: ["pipe", "pipe", "inherit"] })),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const lines = createInterface(child.stdout)
    const firstLine = yield* Effect.async<string, Error>((resume) => {
      lines.once("line", (text) => resume(Effect.succeed(text)))
      child.once("exit", (code) => resume(Effect.fail(new Error(`${program} ended with ${code}`))))
    })
    return { child, firstLine, lines }
  })

/** A peer in a process of its own, as long as the scope: a program of this folder, which prints who and where it is. */
export const peerProcess = (name: string): Effect.Effect<typeof Started.Type, unknown, Scope.Scope> =>
  Effect.flatMap(talker(builtProgram(name)), ({ firstLine }) => Schema.decode(Started)(firstLine))
