/** `optimystic collections`: what a database holds. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { data, json } from "./options.ts"
import { print, runningOn } from "./run.ts"

/** The command. */
export const collections = Command.make("collections", { data, json }, (options) =>
  runningOn(
    options,
    Effect.gen(function* () {
      const { collectionStates, openStore } = yield* Effect.promise(() => import("./CollectionStates.ts"))
      const store = yield* openStore(options.data)
      yield* Stream.runForEach(collectionStates(store), ({ entries, header: { keyOrder, kind, name }, id, rev }) => {
        const object = {
          name,
          kind,
          revision: rev,
          ...(entries !== undefined && { entries }),
          ...(keyOrder !== undefined && { keyOrder }),
          id
        }
        const text = [JSON.stringify(name), kind, `revision ${rev}`]
        return print(options, [{ object, text: text.join("\t") }])
      })
    }).pipe(Effect.scoped)
  )
).pipe(Command.withDescription("Lists the collections of a database, with their kinds and revisions."))
