/** Lists by their names, as entries of trees: what the checker of strict serializability understands. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CollectionError, Placement } from "../../src/collection/Collection.ts"
import * as Tree from "../../src/collection/Tree.ts"
import type { Run } from "./Workload.ts"

/** A list of unique values. */
export class List extends Schema.Class<List>("List")({ name: Schema.String, values: Schema.Array(Schema.Int) }) {}

/** An open collection of lists. */
export type Lists = Tree.Tree<List, string>

/** A collection of lists. */
export const define = (collection: string, placement: Placement): Tree.TreeDefinition<List, string> =>
  Tree.define(collection, { entry: List, key: Schema.String, keyOf: ({ name }) => name, placement })

const keyOf = (lists: Lists, name: string): string => `${lists.name}/${name}`

const valuesOf = (list: Option.Option<List>): ReadonlyArray<number> =>
  Option.match(list, { onNone: () => [], onSome: ({ values }) => values })

/** Appends a new value to a list. */
export const append = (lists: Lists, name: string, { done, nextValue }: Run): Effect.Effect<void, CollectionError> =>
  Effect.suspend(() => {
    const value = nextValue()
    const appended = lists.upsert(name, (before) => new List({ name, values: [...valuesOf(before), value] }))
    return Effect.map(appended, () => void done.push({ key: keyOf(lists, name), type: "append", value }))
  })

/** Reads a list. */
export const read = (lists: Lists, name: string, { done }: Run): Effect.Effect<void, CollectionError> =>
  Effect.map(
    lists.get(name),
    (list) => void done.push({ key: keyOf(lists, name), type: "read", values: valuesOf(list) })
  )

/** Reads lists of a collection that may not be there yet. */
export const readAbsent = (collection: string, name: string, { done }: Run): void => {
  done.push({ key: `${collection}/${name}`, type: "read", values: [] })
}
