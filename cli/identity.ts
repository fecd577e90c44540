/** `optimystic identity`: who a node is. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { data, json } from "./options.ts"
import { print, running } from "./run.ts"

/** The command. */
export const identity = Command.make("identity", { data, json }, (options) =>
  running(
    options,
    Effect.gen(function* () {
      const { peerIn } = yield* Effect.promise(() => import("./networkNode.ts"))
      const peer = yield* peerIn(options.data)
      yield* print(options, [{ object: { peer }, text: peer }])
    })
  )
).pipe(
  Command.withDescription(
    "Prints the id of a node: that of the key in its directory, which is made where it is absent."
  )
)
