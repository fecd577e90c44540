/** How an entry of a tree bears its key. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Json, JsonObject } from "../schemas/Json.ts"
import { Refused } from "./failure.ts"

/** A form of entries. What is not of a form has a `problem`; the other functions are for what is. */
export interface EntryForm {
  readonly problem: (entry: Json) => string | undefined
  readonly keyOf: (entry: Json) => string
  readonly valueOf: (entry: Json) => Json
  readonly entryOf: (key: string, value: Json) => Json
}

const isObject = (json: Json): json is JsonObject => typeof json === "object" && json !== null && !Array.isArray(json)

const NOT_A_PAIR = 'it is not {"key":…,"value":…}'

/** `{"key":…,"value":…}`, with any value. */
const pairs: EntryForm = {
  entryOf: (key, value) => ({ key, value }),
  keyOf: (entry) => (entry as { readonly key: string }).key,
  problem: (entry) => {
    if (!isObject(entry)) return NOT_A_PAIR
    if (typeof entry.key !== "string") return `${NOT_A_PAIR}: its "key" is no text`
    if (entry.value === undefined) return `${NOT_A_PAIR}: it has no "value"`
    const other = Object.keys(entry).find((name) => name !== "key" && name !== "value")
    return other === undefined ? undefined : `${NOT_A_PAIR}: it has ${JSON.stringify(other)} as well`
  },
  valueOf: (entry) => (entry as { readonly value: Json }).value
}

/** Objects that have their key, a text, as a property. */
const objectsWith = (field: string): EntryForm => ({
  entryOf: (_key, value) => value,
  keyOf: (entry) => (entry as JsonObject)[field] as string,
  problem: (entry) =>
    isObject(entry) && Object.hasOwn(entry, field) && typeof entry[field] === "string"
      ? undefined
      : `it is no object with a text as its ${JSON.stringify(field)}`,
  valueOf: (entry) => entry
})

/** The form that a command line asks for: with `--key`, objects that have that property. */
export const formOf = (keyField: Option.Option<string>): EntryForm =>
  Option.match(keyField, { onNone: () => pairs, onSome: objectsWith })

/** An entry that is to be stored under a key, if it fits the form. */
export const entryOf = (form: EntryForm, key: string, value: Json): Effect.Effect<Json, Refused> => {
  const entry = form.entryOf(key, value)
  const problem = form.problem(entry)
  if (problem !== undefined) return new Refused({ message: `This entry cannot be put: ${problem}` })
  return form.keyOf(entry) === key
    ? Effect.succeed(entry)
    : new Refused({ message: `This entry cannot be put as ${JSON.stringify(key)}: it bears another key` })
}

/** Stored entries, if they are of the form; else what to do about it. */
export const expectForm = (
  form: EntryForm,
  collection: string,
  entries: Iterable<Json>
): Effect.Effect<ReadonlyArray<Json>, Refused> => {
  const all = Array.from(entries)
  const problem = all.map(form.problem).find((problem) => problem !== undefined)
  return problem === undefined
    ? Effect.succeed(all)
    : new Refused({
        message: `An entry of ${JSON.stringify(collection)} is of another form: ${problem}; name the property that bears the keys, as in --key id, or leave --key out`
      })
}
