/**
 * A diary: entries of one schema in the order in which they were appended, never changed.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Action } from "../../schemas/Collection.ts"
import { DecodeError, LimitExceeded } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { hashText } from "../encoding/BlockIds.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import { actionPage, resolveRun } from "../log/ActionPage.ts"
import { readLogBlock, totals } from "../log/LogBlock.ts"
import type { Database } from "../transaction/Database.ts"
import type { Actions } from "./Actions.ts"
import * as Collection from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import * as LocalSnapshot from "./LocalSnapshot.ts"
import { checkCount, MAX_ENTRY_BYTES } from "./limits.ts"
import type { Snapshot } from "./Snapshot.ts"
import * as ValueCodec from "./ValueCodec.ts"

/** What a diary is: its name, and the schema of its entries. */
export interface DiaryDefinition<A> {
  readonly name: string
  readonly entry: ValueCodec.ValueCodec<A>
  readonly filterConflict?: ConflictFilter<A>
}

/** How a diary is defined. */
export interface DiaryOptions<A, I> {
  readonly entry: Schema.Schema<A, I>
  /** What becomes of the pending entries of a local snapshot where others were first. By default they stay. */
  readonly filterConflict?: ConflictFilter<NoInfer<A>>
}

/** Which entries to read: from an index (by default the first, or in reverse the last), and how many at most. */
export interface ReadOptions {
  readonly from?: number
  readonly reverse?: boolean
  readonly limit?: number
}

/** The reading half of a diary, whichever state of it is read. */
export interface DiaryView<A> {
  /** Entries in the order in which they were appended, or in reverse. */
  readonly read: (options?: ReadOptions) => Stream.Stream<A, Collection.CollectionError>
  /** How many entries there are. */
  readonly length: Effect.Effect<number, Collection.CollectionError>
}

/** The appending half of a diary. */
interface Appending<A> {
  /** Appends an entry. */
  readonly append: (entry: A) => Effect.Effect<void, Collection.CollectionError>
  /** Appends entries: all of them, one after the other, or none. */
  readonly appendAll: (entries: Iterable<A>) => Effect.Effect<void, Collection.CollectionError>
}

/** An open diary. Each call is part of the transaction that its fiber is in, or else a transaction of its own. */
export interface Diary<A> extends DiaryView<A>, Appending<A> {
  readonly name: string
  /** The latest committed state, to read from without asking again, and to append to before others see it. */
  readonly snapshot: Effect.Effect<DiarySnapshot<A>, Collection.CollectionError>
}

/** A diary as it was at one revision, and what was appended to this snapshot of it since: it comes last, also in `read`. */
export interface DiarySnapshot<A> extends DiaryView<A>, Appending<A>, Snapshot<A> {
  /** As `append`, for any number of entries. */
  readonly act: (...entries: ReadonlyArray<A>) => Effect.Effect<void, Collection.CollectionError>
}

/** Entries that a stream reads and decodes in one go. */
const PAGE = 256
/** A page of entries: from an index, by default from the end where it starts. */
interface Page {
  readonly from: number | undefined
  readonly limit: number
  readonly reverse: boolean
}

/** An action and its place in the diary. */
interface IndexedAction {
  readonly action: Action
  readonly index: number
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

const make = <A>(
  { entry: codec, filterConflict, name }: DiaryDefinition<A>,
  collection: Collection.OpenCollection
): Diary<A> => {
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

  /** A part of the log and of what the present transaction appends to it, as of one state. */
  const pageOf = (
    reader: BlockReader,
    tail: BlockId,
    pending: ReadonlyArray<Action>,
    { from, limit, reverse }: Page
  ): ReadonlyArray<IndexedAction> => {
    const logged = totals(readLogBlock(reader, tail)).actions
    const inLog = (from: number, limit: number): ReadonlyArray<IndexedAction> =>
      limit <= 0 || from < 0 || from >= logged
        ? []
        : actionPage(reader, tail, { from, limit, reverse }).flatMap((run) => resolveRun(reader, hash, run))
    const own = (start: number, end: number): ReadonlyArray<IndexedAction> =>
      pending
        .slice(Math.max(0, start), Math.max(0, end))
        .map((action, i) => ({ action, index: logged + Math.max(0, start) + i }))
    if (reverse) {
      const start = Math.min(from ?? Number.POSITIVE_INFINITY, logged + pending.length - 1)
      const newest = [...own(start + 1 - logged - limit, start + 1 - logged)].reverse()
      return [...newest, ...inLog(Math.min(start, logged - 1), limit - newest.length)]
    }
    const start = from ?? 0
    const oldest = inLog(start, limit)
    const next = Math.max(start, logged) - logged
    return [...oldest, ...own(next, next + limit - oldest.length)]
  }

  const page = (read: Collection.Read, asked: Page) =>
    Effect.flatMap(
      read((reader, { log }, pending) => pageOf(reader, log.tail, pending, asked)),
      (actions) =>
        Either.all(
          actions.map(({ action, index }) =>
            Either.mapLeft(
              codec.decode(action.data),
              (reason) => new DecodeError({ collection: name, key: index, reason })
            )
          )
        ).pipe(Either.map((entries) => ({ entries, last: actions.at(-1)?.index })))
    )

  const pages = (readPage: Collection.Read, from: number | undefined, limit: number, reverse: boolean) =>
    Stream.paginateChunkEffect({ from, left: limit }, (at) =>
      Effect.map(page(readPage, { from: at.from, limit: Math.min(PAGE, at.left), reverse }), ({ entries, last }) => {
        const left = at.left - entries.length
        const next = last === undefined ? undefined : last + (reverse ? -1 : 1)
        const more = next !== undefined && next >= 0 && left > 0
        return [Chunk.unsafeFromArray(entries), more ? Option.some({ from: next, left }) : Option.none()]
      })
    )

  /** The view through reads: `read` for one, `reader` for several of one state. */
  const view = (
    read: Collection.Read,
    reader: Effect.Effect<Collection.Read, Collection.CollectionError>
  ): DiaryView<A> => ({
    length: read((reader, { log }, pending) => totals(readLogBlock(reader, log.tail)).actions + pending.length),
    read: ({ from, limit = Number.POSITIVE_INFINITY, reverse = false } = {}) =>
      Stream.unwrap(
        Effect.gen(function* () {
          yield* checkCount("limit", limit)
          yield* checkCount("from", from)
          return limit === 0 ? Stream.empty : pages(yield* reader, from, limit, reverse)
        })
      )
  })

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
    append: (entry) => appendAll([entry]),
    appendAll,
    name,
    snapshot: openSnapshot
  }
}
