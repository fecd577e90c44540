/** `optimystic tree`: entries by key. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Json } from "../schemas/Json.ts"
import { NotFound } from "./failure.ts"
import { bounds, collection, data, json, key, limit, reverse, value } from "./options.ts"
import { print, type Result, reading, writing } from "./run.ts"

const shared = { collection, data, json }

/** A key as people read it: as it is, unless it would break its line. */
const plain = (key: string): string => (/\p{Cc}/u.test(key) ? JSON.stringify(key) : key)

const entryResult = ({ key, value }: { readonly key: string; readonly value: Json }): Result => ({
  object: { key, value },
  text: `${plain(key)}\t${JSON.stringify(value)}`
})

const between = ({ from, to }: { readonly from: Option.Option<string>; readonly to: Option.Option<string> }) => ({
  ...(Option.isSome(from) && { from: from.value }),
  ...(Option.isSome(to) && { to: to.value })
})

const get = Command.make("get", { ...shared, key }, (options) =>
  reading(options, ({ openTree }) =>
    Effect.gen(function* () {
      const tree = yield* openTree(options.collection)
      const found = yield* tree.get(options.key)
      if (Option.isNone(found)) {
        const [name, missing] = [options.collection, options.key].map((text) => JSON.stringify(text))
        return yield* new NotFound({ message: `${name} has no entry with key ${missing}` })
      }
      yield* print(options, [{ object: found.value, text: JSON.stringify(found.value.value) }])
    })
  )
).pipe(Command.withDescription("Prints the value of a key."))

const put = Command.make("put", { ...shared, key, value }, (options) =>
  writing(options, ({ makeTree }) =>
    Effect.gen(function* () {
      const tree = yield* makeTree(options.collection)
      yield* tree.put({ key: options.key, value: options.value })
      yield* print(options, [{ object: { put: options.key }, text: `put ${plain(options.key)}` }])
    })
  )
).pipe(Command.withDescription("Gives a key a value, in place of the one it had. Makes the tree where it is absent."))

const remove = Command.make("delete", { ...shared, keys: Args.atLeast(key, 1) }, (options) =>
  reading(options, ({ openTree }) =>
    Effect.gen(function* () {
      const tree = yield* openTree(options.collection)
      const deleted = yield* tree.deleteAll(options.keys)
      yield* print(options, [{ object: { deleted }, text: `deleted ${deleted} of ${options.keys.length}` }])
    })
  )
).pipe(Command.withDescription("Removes keys with their values: all of them, or none."))

const range = Command.make("range", { ...shared, ...bounds, limit, reverse }, (options) =>
  reading(options, ({ openTree }) =>
    Effect.gen(function* () {
      const tree = yield* openTree(options.collection)
      const most = Option.match(options.limit, { onNone: () => ({}), onSome: (limit) => ({ limit }) })
      yield* Stream.runForEachChunk(tree.range({ ...between(options), ...most, reverse: options.reverse }), (entries) =>
        print(options, [...entries].map(entryResult))
      )
    })
  )
).pipe(Command.withDescription("Prints keys and values in the order of the keys (by UTF-16 code units)."))

const count = Command.make("count", { ...shared, ...bounds }, (options) =>
  reading(options, ({ openTree }) =>
    Effect.gen(function* () {
      const tree = yield* openTree(options.collection)
      const count = yield* tree.count(between(options))
      yield* print(options, [{ object: { count }, text: String(count) }])
    })
  )
).pipe(Command.withDescription("Prints how many entries there are."))

/** The command and its subcommands. */
export const tree = Command.make("tree").pipe(
  Command.withDescription("A tree: JSON values by text keys, in the order of the keys."),
  Command.withSubcommands([get, put, remove, range, count])
)
