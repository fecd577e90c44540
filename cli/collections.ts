/** `optimystic collections`: what a database holds. */
import * as Command from "@effect/cli/Command"
import * as Stream from "effect/Stream"
import { data, json } from "./options.ts"
import { print, reading } from "./run.ts"

/** The command. */
export const collections = Command.make("collections", { data, json }, (options) =>
  reading(
    options,
    () => import("../src/collection/Collections.ts"),
    ({ list }) =>
      Stream.runForEach(list, ({ id, keyOrder, kind, name, rev }) => {
        const object = { name, kind, revision: rev, ...(keyOrder !== undefined && { keyOrder }), id }
        const text = [JSON.stringify(name), kind, `revision ${rev}`]
        return print(options, [{ object, text: text.join("\t") }])
      })
  )
).pipe(Command.withDescription("Lists the collections of a database, with their kinds and revisions."))
