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
import type { Actions } from "./Actions.ts"
import { type Chronicle, make as makeChronicle } from "./Chronicle.ts"
import * as Collection from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import { type DiaryShape, type DiaryView, decodeAction, make as makeView } from "./DiaryView.ts"
import * as LocalSnapshot from "./LocalSnapshot.ts"
import { MAX_ENTRY_BYTES } from "./limits.ts"
import type { Snapshot } from "./Snapshot.ts"
import * as ValueCodec from "./ValueCodec.ts"

export type { ChangesOptions, Commit } from "./Changes.ts"
export type { DiaryView, ReadOptions } from "./DiaryView.ts"
export type { HistoryEntry, HistoryOptions } from "./History.ts"

/** What a diary is: its name, and the schema of its entries. */
export interface DiaryDefinition<A> extends DiaryShape<A> {
  readonly filterConflict?: ConflictFilter<A>
}

/** How a diary is defined. */
export interface DiaryOptions<A, I> {
  readonly entry: Schema.Schema<A, I>
  /** What becomes of the pending entries of a local snapshot where others were first. By default they stay. */
  readonly filterConflict?: ConflictFilter<NoInfer<A>>
}

/** The appending half of a diary. */
interface Appending<A> {
  /** Appends an entry. */
  readonly append: (entry: A) => Effect.Effect<void, Collection.CollectionError>
  /** Appends entries: all of them, one after the other, or none. */
  readonly appendAll: (entries: Iterable<A>) => Effect.Effect<void, Collection.CollectionError>
}

/** An open diary. Each call is part of the transaction that its fiber is in, or else a transaction of its own. */
export interface Diary<A> extends DiaryView<A>, Appending<A>, Chronicle<A, DiaryView<A>> {
  readonly name: string
  /** The latest committed state, to read from without asking again, and to append to before others see it. */
  readonly snapshot: Effect.Effect<DiarySnapshot<A>, Collection.CollectionError>
}

/** A diary as it was at one revision, and what was appended to this snapshot of it since: it comes last, also in `read`. */
export interface DiarySnapshot<A> extends DiaryView<A>, Appending<A>, Snapshot<A> {
  /** As `append`, for any number of entries. */
  readonly act: (...entries: ReadonlyArray<A>) => Effect.Effect<void, Collection.CollectionError>
}

/** The one type of action in a diary's log. */
const APPEND = "append"

/** Defines a diary, to be opened in any database. */
export const define = <A, I>(name: string, options: DiaryOptions<A, I>): DiaryDefinition<A> => ({
  entry: ValueCodec.make(options.entry),
  ...(options.filterConflict !== undefined && { filterConflict: options.filterConflict }),
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
  const { entry: codec, filterConflict, name } = definition
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

  const view = (read: Collection.Read, reader: Effect.Effect<Collection.Read, Collection.CollectionError>) =>
    makeView(definition, hash, read, reader)

  const actions: Actions<A> = {
    decode: ({ data }) =>
      Either.mapBoth(codec.decode(data), {
        onLeft: (reason) => new DecodeError({ collection: name, key: null, reason }),
        onRight: (entry) => [entry]
      }),
    encode,
    filterConflict,
    name,
    // A diary is its log.
    perform: (_store, _header, action) => ({ actions: [action], result: undefined })
  }

  const openSnapshot = Effect.map(LocalSnapshot.make(collection, actions), (local) => {
    const actAll = (entries: Iterable<A>) => Effect.suspend(() => Effect.asVoid(local.act([...entries])))
    return LocalSnapshot.publicOf(local, {
      ...view(local.read, local.reader),
      act: (...entries: ReadonlyArray<A>) => actAll(entries),
      append: (entry: A) => actAll([entry]),
      appendAll: actAll
    })
  })

  return {
    ...view(collection.read, collection.reader),
    ...makeChronicle(collection, {
      decode: (action, index) => Either.map(decodeAction(definition, action, index), (entry) => [entry]),
      view: (read) => view(read, Effect.succeed(read))
    }),
    append: (entry) => appendAll([entry]),
    appendAll,
    name,
    snapshot: openSnapshot
  }
}
