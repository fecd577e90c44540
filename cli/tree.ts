/** `optimystic tree`: entries by key. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Json } from "../schemas/Json.ts"
import { type EntryForm, entryOf, expectForm, formOf } from "./EntryForm.ts"
import { NotFound } from "./failure.ts"
import {
  bounds,
  collection,
  exportTo,
  given,
  importing,
  json,
  key,
  keyField,
  limit,
  reverse,
  storage,
  value
} from "./options.ts"
import { place } from "./place.ts"
import { expectFile, print, type Result, reading, writing } from "./run.ts"

const trees = () => import("./trees.ts")

const shared = { collection, ...place, json, keyField }

/** A key as people read it: as it is, unless it would break its line. */
const plain = (key: string): string => (/\p{Cc}/u.test(key) ? JSON.stringify(key) : key)

const entryResult =
  (form: EntryForm) =>
  (entry: Json): Result => {
    const [key, value] = [form.keyOf(entry), form.valueOf(entry)]
    return { object: { key, value }, text: `${plain(key)}\t${JSON.stringify(value)}` }
  }

const get = Command.make("get", { ...shared, key }, (options) =>
  reading(options, trees, ({ openTree }) =>
    Effect.gen(function* () {
      const form = formOf(options.keyField)
      const tree = yield* openTree(options.collection, form)
      const found = yield* tree.get(options.key)
      if (Option.isNone(found)) {
        const [name, missing] = [options.collection, options.key].map((text) => JSON.stringify(text))
        return yield* new NotFound({ message: `${name} has no entry with key ${missing}` })
      }
      const [entry] = yield* expectForm(form, options.collection, [found.value])
      const result = entryResult(form)(entry!)
      yield* print(options, [{ ...result, text: JSON.stringify(form.valueOf(entry!)) }])
    })
  )
).pipe(Command.withDescription("Prints the value of a key."))

const put = Command.make("put", { ...shared, key, storage, value }, (options) =>
  writing(options, trees, ({ makeTree }) =>
    Effect.gen(function* () {
      const form = formOf(options.keyField)
      const entry = yield* entryOf(form, options.key, options.value)
      const tree = yield* makeTree(options.collection, form)
      yield* tree.put(entry)
      yield* print(options, [{ object: { put: options.key }, text: `put ${plain(options.key)}` }])
    })
  )
).pipe(Command.withDescription("Gives a key a value, in place of the one it had. Makes the tree where it is absent."))

const remove = Command.make("delete", { ...shared, keys: Args.atLeast(key, 1) }, (options) =>
  reading(options, trees, ({ openTree }) =>
    Effect.gen(function* () {
      const tree = yield* openTree(options.collection, formOf(options.keyField))
      const deleted = yield* tree.deleteAll(options.keys)
      yield* print(options, [{ object: { deleted }, text: `deleted ${deleted} of ${options.keys.length}` }])
    })
  )
).pipe(Command.withDescription("Removes keys with their values: all of them, or none."))

const range = Command.make("range", { ...shared, ...bounds, limit, reverse }, (options) =>
  reading(options, trees, ({ openTree }) =>
    Effect.gen(function* () {
      const { from, limit, reverse, to } = options
      const form = formOf(options.keyField)
      const tree = yield* openTree(options.collection, form)
      yield* Stream.runForEachChunk(tree.range({ ...given({ from, limit, to }), reverse }), (entries) =>
        Effect.flatMap(expectForm(form, options.collection, entries), (checked) =>
          print(options, checked.map(entryResult(form)))
        )
      )
    })
  )
).pipe(Command.withDescription("Prints keys and values in the order of the keys (by UTF-16 code units)."))

const end = (name: "first" | "last") =>
  Command.make(name, shared, (options) =>
    reading(options, trees, ({ openTree }) =>
      Effect.gen(function* () {
        const form = formOf(options.keyField)
        const tree = yield* openTree(options.collection, form)
        const found = yield* tree[name]
        if (Option.isNone(found)) {
          return yield* new NotFound({ message: `${JSON.stringify(options.collection)} has no entries` })
        }
        yield* print(options, (yield* expectForm(form, options.collection, [found.value])).map(entryResult(form)))
      })
    )
  ).pipe(Command.withDescription(`Prints the ${name} key in the order of the keys, with its value.`))

const count = Command.make("count", { ...shared, ...bounds }, (options) =>
  reading(options, trees, ({ openTree }) =>
    Effect.gen(function* () {
      const { from, to } = options
      const tree = yield* openTree(options.collection, formOf(options.keyField))
      const count = yield* tree.count(given({ from, to }))
      yield* print(options, [{ object: { count }, text: String(count) }])
    })
  )
).pipe(Command.withDescription("Prints how many entries there are."))

const importCommand = Command.make("import", { ...shared, ...importing, storage }, (options) =>
  writing(
    options,
    trees,
    ({ makeTree, treeOf }) =>
      Effect.gen(function* () {
        const { importLines, treeTarget } = yield* Effect.promise(() => import("./importLines.ts"))
        const form = formOf(options.keyField)
        yield* importLines(
          options,
          treeTarget(form, treeOf(options.collection, form), makeTree(options.collection, form))
        )
      }),
    expectFile(options.file)
  )
).pipe(
  Command.withDescription(
    "Puts the entries of JSON lines, in transactions of --batch entries. Makes the tree where it is absent."
  )
)

const exportCommand = Command.make("export", { ...shared, ...bounds, file: exportTo }, (options) =>
  reading(options, trees, ({ openTree }) =>
    Effect.gen(function* () {
      const { exportLines } = yield* Effect.promise(() => import("./exportLines.ts"))
      const { from, to } = options
      const form = formOf(options.keyField)
      const tree = yield* openTree(options.collection, form)
      const entries = Stream.mapChunksEffect(tree.range(given({ from, to })), (chunk) =>
        Effect.map(expectForm(form, options.collection, chunk), Chunk.unsafeFromArray)
      )
      yield* exportLines(options, entries)
    })
  )
).pipe(
  Command.withDescription("Writes the entries as JSON lines, all of one state of the tree, in the order of their keys.")
)

/** The command and its subcommands. */
export const tree = Command.make("tree").pipe(
  Command.withDescription("A tree: JSON values by text keys, in the order of the keys."),
  Command.withSubcommands([get, put, remove, range, end("first"), end("last"), count, importCommand, exportCommand])
)
