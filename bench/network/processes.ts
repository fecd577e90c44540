/** Processes that benchmarks start, and end. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Address, PeerId } from "effect-optimystic/schemas"

const Started = Schema.parseJson(Schema.Struct({ addresses: Schema.Array(Address), peer: PeerId }))

/** A peer in a process of its own, as long as the scope: a program of this folder, which prints who and where it is. */
export const peerProcess = (name: string): Effect.Effect<typeof Started.Type, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url))
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(process.execPath, [path], { stdio: ["pipe", "pipe", "inherit"] })),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const line = yield* Effect.async<string, Error>((resume) => {
      createInterface(child.stdout).once("line", (text) => resume(Effect.succeed(text)))
      child.once("exit", (code) => resume(Effect.fail(new Error(`${name} ended with ${code}`))))
    })
    return yield* Schema.decode(Started)(line)
  })
