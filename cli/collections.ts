/** `optimystic collections`: what a database holds. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { NotSound } from "./failure.ts"
import { json } from "./options.ts"
import { place } from "./place.ts"
import { print, reading } from "./run.ts"

/** The command. */
export const collections = Command.make("collections", { ...place, json }, (options) =>
  reading(
    options,
    () => import("../src/collection/Collections.ts"),
    ({ survey }) =>
      Effect.gen(function* () {
        let unread = 0
        yield* Stream.runForEach(survey, (found) => {
          if (Either.isLeft(found)) {
            const { error, id } = found.left
            unread += 1
            return print(options, [
              { object: { name: null, id, reason: error.message }, text: `${id}\tcannot be read` }
            ])
          }
          const { id, keyOrder, kind, name, rev } = found.right
          const object = { name, kind, revision: rev, ...(keyOrder !== undefined && { keyOrder }), id }
          return print(options, [{ object, text: [JSON.stringify(name), kind, `revision ${rev}`].join("\t") }])
        })
        if (unread > 0) {
          return yield* new NotSound({
            message: `${unread} collection(s) cannot be read; optimystic verify --all says why, and checks the others`
          })
        }
      })
  )
).pipe(Command.withDescription("Lists the collections of a database, with their kinds and revisions."))
