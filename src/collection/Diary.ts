/**
 * A diary: entries of one schema in the order in which they were appended, never changed.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import type { Action } from "../../schemas/Collection.ts"
import { DecodeError, LimitExceeded } from "../../schemas/Errors.ts"
import { hashText } from "../encoding/BlockIds.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import type { Database } from "../transaction/Database.ts"
import { type Chronicle, make as makeChronicle } from "./Chronicle.ts"
import * as Collection from "./Collection.ts"
import { type DiaryDefinition, type DiaryView, decodeAction, make as makeView } from "./DiaryView.ts"
import { MAX_ENTRY_BYTES } from "./limits.ts"
import * as ValueCodec from "./ValueCodec.ts"

export type { ChangesOptions, Commit } from "./Changes.ts"
export type { DiaryDefinition, DiaryView, ReadOptions } from "./DiaryView.ts"
export type { HistoryEntry, HistoryOptions } from "./History.ts"

/** An open diary. Each call is part of the transaction that its fiber is in, or else a transaction of its own. */
export interface Diary<A> extends DiaryView<A>, Chronicle<A, DiaryView<A>> {
  readonly name: string
  /** Appends an entry. */
  readonly append: (entry: A) => Effect.Effect<void, Collection.CollectionError>
  /** Appends entries: all of them, one after the other, or none. */
  readonly appendAll: (entries: Iterable<A>) => Effect.Effect<void, Collection.CollectionError>
}

/** The one type of action in a diary's log. */
const APPEND = "append"

/** Defines a diary, to be opened in any database. */
export const define = <A, I>(name: string, options: { readonly entry: Schema.Schema<A, I> }): DiaryDefinition<A> => ({
  entry: ValueCodec.make(options.entry),
  name
})

const shapeOf = ({ name }: { readonly name: string }): Collection.CollectionShape => ({
  kind: "diary",
  name,
  placement: "together"
})

/** Opens a diary that exists. */
export const open = <A>(
  definition: DiaryDefinition<A>
): Effect.Effect<Diary<A>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.open(shapeOf(definition)), (collection) => make(definition, collection))

/** Opens a diary, and creates it where it does not exist. */
export const openOrCreate = <A>(
  definition: DiaryDefinition<A>
): Effect.Effect<Diary<A>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.openOrCreate(shapeOf(definition)), (collection) => make(definition, collection))

const make = <A>(definition: DiaryDefinition<A>, collection: Collection.OpenCollection): Diary<A> => {
  const { entry: codec, name } = definition
  const hash = (text: string) => hashText(collection.database.hasher, text)

  const encode = (entry: A): Either.Either<Action, DecodeError | LimitExceeded> =>
    Either.flatMap(
      Either.mapLeft(codec.encode(entry), (reason) => new DecodeError({ collection: name, key: null, reason })),
      (data) => {
        const actual = sizeBytes(data)
        return actual <= MAX_ENTRY_BYTES
          ? Either.right({ data, type: APPEND })
          : Either.left(new LimitExceeded({ actual, limit: MAX_ENTRY_BYTES, what: "the size of the entry in bytes" }))
      }
    )

  const appendAll = (entries: Iterable<A>) =>
    Effect.flatMap(
      Effect.suspend(() => Either.all(Array.from(entries, encode))),
      (actions) => (actions.length === 0 ? Effect.void : collection.write(() => ({ actions, result: undefined })))
    )

  return {
    ...makeView(definition, hash, collection.read, collection.reader),
    ...makeChronicle(collection, {
      decode: (action, index) => Either.map(decodeAction(definition, action, index), (entry) => [entry]),
      view: (read) => makeView(definition, hash, read, Effect.succeed(read))
    }),
    append: (entry) => appendAll([entry]),
    appendAll,
    name
  }
}
