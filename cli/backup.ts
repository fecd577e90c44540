/** `optimystic backup`: a copy of a database that may be in use. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { data, json } from "./options.ts"
import { print, runningOn } from "./run.ts"

const to = Options.text("to").pipe(
  Options.filterMap((path) => Option.liftPredicate(path, (path) => path !== ""), "--to must name a directory"),
  Options.withPseudoName("DIR"),
  Options.withDescription(
    "The directory of the backup, which must not be there yet. It appears once it is complete, with all that was " +
      "acknowledged before. To restore it, use it: as --data, or in place of the directory that is lost. It holds the key " +
      "of the node: keep it as safe as the original."
  )
)

/** The command. */
export const backup = Command.make("backup", { data, json, to }, (options) =>
  runningOn(
    options,
    Effect.gen(function* () {
      const NodeBackup = yield* Effect.promise(() => import("../layers/NodeBackup.ts"))
      const { records, sizeBytes } = yield* NodeBackup.make({ from: options.data, to: options.to })
      yield* print(options, [
        {
          object: { backup: options.to, bytes: sizeBytes, records },
          text: `backed up ${records} records, ${sizeBytes} bytes, to ${options.to}`
        }
      ])
    })
  )
).pipe(
  Command.withDescription(
    "Copies a database, also one that another process has open, and checks every record of the copy."
  )
)
