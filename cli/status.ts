/** `optimystic status`: who is in a network, or what is in a directory. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import type { AnyFailure } from "./failure.ts"
import { json } from "./options.ts"
import { type Place, place, placeOf } from "./place.ts"
import { expectThere, running, type Speech } from "./run.ts"

/** What is said of a place is loaded where it is asked for. */
const statusOf = (place: Place, speech: Speech): Effect.Effect<void, AnyFailure> =>
  place._tag === "Network"
    ? Effect.flatMap(
        Effect.promise(() => import("./networkStatus.ts")),
        ({ networkStatus }) => networkStatus(place, speech)
      )
    : Effect.flatMap(
        Effect.promise(() => import("./directoryStatus.ts")),
        ({ directoryStatus }) => directoryStatus(place.directory, speech)
      )

/** The command. */
export const status = Command.make("status", { ...place, json }, (options) =>
  running(
    options,
    Effect.flatMap(placeOf(options), (place) => Effect.zipRight(expectThere(place), statusOf(place, options)))
  )
).pipe(
  Command.withDescription(
    "Tells who is in a network, and who of them answers, or what is in a directory. Ends with 4 where too few answer to keep a collection."
  )
)
