/** `optimystic verify`: whether what is stored is what was written. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { NotSound, Refused } from "./failure.ts"
import { collection, data, json } from "./options.ts"
import { print, runningOn } from "./run.ts"

const all = Options.boolean("all").pipe(Options.withDescription("Every collection of the database."))

/** The command. */
export const verify = Command.make("verify", { all, collection: Args.optional(collection), data, json }, (options) =>
  runningOn(
    options,
    Effect.gen(function* () {
      if (Option.isSome(options.collection) === options.all) {
        return yield* new Refused({ message: "Name a collection, or give --all" })
      }
      const { collectionState, collectionStates, openStore } = yield* Effect.promise(
        () => import("./CollectionStates.ts")
      )
      const { verifyCollection } = yield* Effect.promise(() => import("./verifyCollection.ts"))
      const store = yield* openStore(options.data)
      const states = Option.match(options.collection, {
        onNone: () => collectionStates(store),
        onSome: (name) => Stream.fromEffect(collectionState(store, name))
      })
      let unsound = 0
      yield* Stream.runForEach(states, (state) =>
        Effect.gen(function* () {
          const { blocks, notes, problems, revisions } = yield* verifyCollection(store, state)
          const { name } = state.header
          const isSound = problems.length === 0
          if (!isSound) unsound += 1
          const verdict = isSound ? "sound" : `${problems.length} problem(s)`
          const text = [
            `${JSON.stringify(name)}\t${verdict}\t${blocks} blocks, ${revisions} revisions`,
            ...[...problems, ...notes].map((line) => `  ${line}`)
          ].join("\n")
          const object = { collection: name, sound: isSound, blocks, revisions, problems, notes }
          yield* print(options, [{ object, text }])
        })
      )
      if (unsound > 0) {
        return yield* new NotSound({
          message: `${unsound} collection(s) are not sound; restore a backup, and keep this directory for inquiry`
        })
      }
    }).pipe(Effect.scoped)
  )
).pipe(
  Command.withDescription(
    "Checks every revision with its signatures and its certificate, the hash chain of the log, and the tree."
  )
)
