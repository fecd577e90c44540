/** `optimystic diary`: entries in the order in which they were appended. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { collection, count, exportTo, given, importing, json, limit, reverse, storage, value } from "./options.ts"
import { place } from "./place.ts"
import { expectFile, print, reading, writing } from "./run.ts"

const diaries = () => import("./diaries.ts")

const shared = { collection, ...place, json }

const append = Command.make("append", { ...shared, storage, values: Args.atLeast(value, 1) }, (options) =>
  writing(options, diaries, ({ makeDiary }) =>
    Effect.gen(function* () {
      const diary = yield* makeDiary(options.collection)
      yield* diary.appendAll(options.values)
      const appended = options.values.length
      yield* print(options, [{ object: { appended }, text: `appended ${appended}` }])
    })
  )
).pipe(Command.withDescription("Appends entries: all of them, or none. Makes the diary where it is absent."))

const from = count(
  "from",
  "The index of the first entry to print, from 0. Without it, the first, or in reverse the last."
)

const read = Command.make("read", { ...shared, from, limit, reverse }, (options) =>
  reading(options, diaries, ({ openDiary }) =>
    Effect.gen(function* () {
      const { from, limit, reverse } = options
      const diary = yield* openDiary(options.collection)
      yield* Stream.runForEachChunk(diary.read({ ...given({ from, limit }), reverse }), (entries) =>
        print(
          options,
          [...entries].map((entry) => ({ object: { entry }, text: JSON.stringify(entry) }))
        )
      )
    })
  )
).pipe(Command.withDescription("Prints entries in the order in which they were appended."))

const length = Command.make("length", shared, (options) =>
  reading(options, diaries, ({ openDiary }) =>
    Effect.gen(function* () {
      const diary = yield* openDiary(options.collection)
      const length = yield* diary.length
      yield* print(options, [{ object: { length }, text: String(length) }])
    })
  )
).pipe(Command.withDescription("Prints how many entries there are."))

const importCommand = Command.make("import", { ...shared, ...importing, storage }, (options) =>
  writing(
    options,
    diaries,
    ({ diaryOf, makeDiary }) =>
      Effect.gen(function* () {
        const { diaryTarget, importLines } = yield* Effect.promise(() => import("./importLines.ts"))
        yield* importLines(options, diaryTarget(diaryOf(options.collection), makeDiary(options.collection)))
      }),
    expectFile(options.file)
  )
).pipe(
  Command.withDescription("Appends JSON lines, in transactions of --batch entries. Makes the diary where it is absent.")
)

const exportCommand = Command.make("export", { ...shared, file: exportTo }, (options) =>
  reading(options, diaries, ({ openDiary }) =>
    Effect.gen(function* () {
      const { exportLines } = yield* Effect.promise(() => import("./exportLines.ts"))
      const diary = yield* openDiary(options.collection)
      yield* exportLines(options, diary.read(), yield* diary.length)
    })
  )
).pipe(Command.withDescription("Writes the entries as JSON lines, in the order in which they were appended."))

/** The command and its subcommands. */
export const diary = Command.make("diary").pipe(
  Command.withDescription("A diary: JSON values in the order in which they were appended."),
  Command.withSubcommands([append, read, length, importCommand, exportCommand])
)
