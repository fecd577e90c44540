/** A node in a process of its own, which is attacked, and tells how it is. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { WireEvent, WireLimits } from "../../../layers/network/libp2p/index.ts"
import { Address } from "../../../schemas/Address.ts"
import { PeerId } from "../../../schemas/Ids.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { ROOT } from "../../package/Distribution.ts"
import type { Target } from "./HostileStream.ts"
import { discoveryOf, networkOf, type Peer } from "./nodes.ts"

const Started = Schema.parseJson(Schema.Struct({ addresses: Schema.Array(Address), peer: PeerId }))
const PROGRAM = fileURLToPath(new URL("./victim.mjs", import.meta.url))

/** How a victim is: what it counted, and what it holds. */
export interface State {
  readonly counts: Readonly<Partial<Record<WireEvent, number>>>
  readonly megabytes: number
}

const ROOM = 8 * 1_048_576

/** A protocol of the victim, without schemas: it is attacked, or asked about itself. */
const plainProtocol = <Question, Answer>(name: string): PeerProtocol<Question, Answer> => ({
  answer: Schema.Unknown as PeerProtocol<Question, Answer>["answer"],
  maxAnswerBytes: ROOM,
  maxQuestionBytes: ROOM,
  name,
  question: Schema.Unknown as PeerProtocol<Question, Answer>["question"]
})

const stateProtocol = plainProtocol<string, State>("state")
export const directoryProtocol = plainProtocol<{ readonly text: string }, { readonly text: string }>("directory")

/** A victim with some limits, as long as the scope. */
export const victim = (limits: Partial<WireLimits>): Effect.Effect<Target, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, ["--expose-gc", "--max-old-space-size=192", PROGRAM, JSON.stringify(limits)], {
          cwd: ROOT,
          stdio: ["pipe", "pipe", "inherit"]
        })
      ),
      (started) => Effect.sync(() => started.kill("SIGKILL"))
    )
    const line = yield* Effect.async<string, Error>((resume) => {
      // What it logs comes on the same way.
      createInterface(child.stdout).on("line", (text) => {
        if (text.startsWith("{")) resume(Effect.succeed(text))
      })
      child.once("exit", (code) => resume(Effect.fail(new Error(`the victim ended with ${code}`))))
    })
    return yield* Schema.decode(Started)(line)
  })

/** How a victim is, as an honest peer is told. */
export const stateOf = (honest: Peer, target: Target) =>
  Effect.zipRight(
    discoveryOf(honest).remember(target),
    networkOf(honest).ask(stateProtocol, target.peer, "how are you?")
  )
