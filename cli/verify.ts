/** `optimystic verify`: whether what is stored is what was written. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CollectionReport, UnreadableCollection, VerifyProblem } from "../src/collection/Collections.ts"
import { NotSound, Refused } from "./failure.ts"
import { collection, json } from "./options.ts"
import * as Progress from "./Progress.ts"
import { place } from "./place.ts"
import { print, type Result, reading, running } from "./run.ts"

const all = Options.boolean("all").pipe(Options.withDescription("Every collection of the database."))

const lineOf = ({ block, kind, reason, rev }: VerifyProblem): string => {
  const place = [block === "" ? "" : ` of block ${block}`, rev === undefined ? "" : ` at revision ${rev}`].join("")
  return `${kind}${place}: ${reason}`
}

const isSound = ({ isComplete, problems }: CollectionReport): boolean => isComplete && problems.length === 0

const resultOf = (report: CollectionReport): Result => {
  const { blockRevisions, isComplete, name, problems, pruned, revisions, structureBlocks, unchecked } = report
  const verdict = isSound(report) ? "sound" : `${problems.length} problem(s)`
  const notes = [
    ...(pruned === 0 ? [] : [`${pruned} revisions of blocks are no longer kept: only their proof is checked`]),
    ...(unchecked === undefined ? [] : [`its data structure is not checked: ${unchecked}`]),
    ...(isComplete ? [] : ["not everything was looked at"])
  ]
  return {
    object: {
      collection: name,
      sound: isSound(report),
      complete: isComplete,
      revisions,
      blockRevisions,
      pruned,
      structureBlocks,
      problems: problems.map((problem) => ({ ...problem })),
      ...(unchecked !== undefined && { unchecked })
    },
    text: [
      `${JSON.stringify(name)}\t${verdict}\t${revisions} revisions, ${blockRevisions} of blocks`,
      ...[...problems.map(lineOf), ...notes].map((line) => `  ${line}`)
    ].join("\n")
  }
}

/** What is said of a collection whose very name cannot be read. */
const unreadable = ({ error, id }: UnreadableCollection): Result => ({
  object: {
    collection: null,
    id,
    sound: false,
    complete: false,
    problems: [{ block: id, kind: "log", reason: error.message }]
  },
  text: `${id}\tcannot be read\n  ${error.message}`
})

const RESTORE = "restore a backup, and keep this directory for inquiry"
const INQUIRE =
  "keep the directories of the nodes for inquiry: `optimystic verify --all --data` on each tells which is damaged"

/** The command. */
export const verify = Command.make(
  "verify",
  { all, collection: Args.optional(collection), ...place, json },
  (options) => {
    const { collection } = options
    if (Option.isSome(collection) === options.all) {
      return running(options, new Refused({ message: "Name a collection, or give --all" }))
    }
    return reading(
      options,
      () => import("../src/collection/Collections.ts"),
      ({ survey, verify }) =>
        Effect.gen(function* () {
          const names = Option.isSome(collection)
            ? Stream.make(Either.right(collection.value))
            : Stream.map(
                survey,
                Either.map(({ name }) => name)
              )
          let unsound = 0
          yield* Stream.runForEach(names, (found) => {
            if (Either.isLeft(found)) {
              unsound += 1
              return print(options, [unreadable(found.left)])
            }
            const name = found.right
            const progress = Progress.make(process.stderr)
            const check = verify(name, {
              onProgress: ({ done, phase, total }) =>
                Effect.sync(() => {
                  const what = phase === "history" ? `${done} revisions` : `${done} blocks`
                  progress.advance(`${JSON.stringify(name)}: ${what}`, Progress.shareOf(done, total))
                })
            }).pipe(Effect.ensuring(Effect.sync(progress.end)))
            return Effect.flatMap(check, (report) => {
              if (!isSound(report)) unsound += 1
              return print(options, [resultOf(report)])
            })
          })
          if (unsound > 0) {
            return yield* new NotSound({
              message: `${unsound} collection(s) are not sound; ${Option.isSome(options.data) ? RESTORE : INQUIRE}`
            })
          }
        })
    )
  }
).pipe(
  Command.withDescription(
    "Checks every revision with its signatures and its certificate, the hash chain of the log, and the data structure."
  )
)
