/**
 * A chain: entries of one schema in a row, added at its end and taken from either end: a stack, or a queue.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { DecodeError, Invalid } from "../../schemas/Errors.ts"
import type { Json } from "../../schemas/Json.ts"
import * as Blocks from "../chain/Chain.ts"
import { chainStructure } from "../chain/verifyChainPage.ts"
import type { Database } from "../transaction/Database.ts"
import { type Chronicle, make as makeChronicle } from "./Chronicle.ts"
import * as Collection from "./Collection.ts"
import type { ConflictFilter } from "./ConflictFilter.ts"
import { type Act, actHere, actOn } from "./DefinedCollection.ts"
import * as LocalSnapshot from "./LocalSnapshot.ts"
import { checkCount } from "./limits.ts"
import type { Snapshot } from "./Snapshot.ts"
import { type ActionDefinition, define as action, actionsOf } from "./UserAction.ts"
import * as ValueCodec from "./ValueCodec.ts"

/** What is done to chains, as their logs keep it. */
type ChainActions<A> = {
  readonly add: ActionDefinition<ReadonlyArray<A>, void>
  readonly dequeue: ActionDefinition<number, ReadonlyArray<A>>
  readonly pop: ActionDefinition<number, ReadonlyArray<A>>
}

/** Something done to a chain: entries that are added, or how many are taken. */
export type ChainAction<A> =
  | { readonly type: "add"; readonly data: ReadonlyArray<A> }
  | { readonly type: "dequeue" | "pop"; readonly data: number }

/** How a chain is defined. */
export interface ChainOptions<A, I> {
  readonly entry: Schema.Schema<A, I>
  /** What becomes of the pending actions of a local snapshot where others were first. By default they stay. */
  readonly filterConflict?: ConflictFilter<ChainAction<NoInfer<A>>>
}

/** What a chain is: its name, and the schema of its entries. */
export interface ChainDefinition<A> {
  readonly name: string
  readonly entry: ValueCodec.ValueCodec<A>
  readonly filterConflict?: ConflictFilter<ChainAction<A>>
}

/** Which entries to read: from an index (by default the first, or in reverse the last), and how many at most. */
export interface SelectOptions {
  readonly from?: number
  readonly reverse?: boolean
  readonly limit?: number
}

/** Reads of a chain. */
export interface ChainView<A> {
  /** Entries in their order, or in reverse, all of one state. */
  readonly select: (options?: SelectOptions) => Stream.Stream<A, Collection.CollectionError>
  /** How many entries there are. */
  readonly length: Effect.Effect<number, Collection.CollectionError>
}

/** What can be done with a chain, whichever state of it. */
interface ChainCalls<A> extends ChainView<A> {
  /** Adds entries at the end: all, or none. An entry has up to 32 KiB of JSON, all of one call 128 KiB. */
  readonly add: (...entries: ReadonlyArray<A>) => Effect.Effect<void, Collection.CollectionError>
  /** Takes up to so many entries (by default one) from the end, the last first, as from a stack. */
  readonly pop: (count?: number) => Effect.Effect<ReadonlyArray<A>, Collection.CollectionError>
  /** Takes up to so many entries (by default one) from the beginning, the first first, as from a queue. */
  readonly dequeue: (count?: number) => Effect.Effect<ReadonlyArray<A>, Collection.CollectionError>
}

/** An open chain. Each call is part of the transaction that its fiber is in, or else a transaction of its own. */
export interface Chain<A> extends ChainCalls<A>, Chronicle<ChainAction<A>, ChainView<A>> {
  readonly name: string
  /** The latest committed state, to read from without asking again, and to change before others see it. */
  readonly snapshot: Effect.Effect<ChainSnapshot<A>, Collection.CollectionError>
}

/** A chain as it was at one revision, and what was done to this snapshot of it since. */
export interface ChainSnapshot<A> extends ChainCalls<A>, Snapshot<ChainAction<A>> {}

/** Entries that a stream reads and decodes in one go. */
const PAGE = 256

/** Defines a chain, to be opened in any database. */
export const define = <A, I>(name: string, options: ChainOptions<A, I>): ChainDefinition<A> => ({
  entry: ValueCodec.make(options.entry),
  ...(options.filterConflict !== undefined && { filterConflict: options.filterConflict }),
  name
})

const shapeOf = ({ name }: { readonly name: string }): Collection.CollectionShape => ({
  createRoot: Blocks.create,
  kind: "chain",
  name,
  placement: "together"
})

/** Opens a chain that exists. */
export const open = <A>(
  definition: ChainDefinition<A>
): Effect.Effect<Chain<A>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.open(shapeOf(definition)), (collection) => make(definition, collection))

/** Opens a chain, and creates it where it does not exist. */
export const openOrCreate = <A>(
  definition: ChainDefinition<A>
): Effect.Effect<Chain<A>, Collection.OpenCollectionError, Database> =>
  Effect.map(Collection.openOrCreate(shapeOf(definition)), (collection) => make(definition, collection))

const chainActions = <A>({ encode, decode }: ValueCodec.ValueCodec<A>): ChainActions<A> => {
  // What is thrown leaves the entries where they are.
  const orThrow = <B>(result: Either.Either<B, string>): B =>
    Either.getOrThrowWith(result, (reason) => new Invalid({ reason: `An entry does not fit its schema: ${reason}` }))
  const decoded = (taken: ReadonlyArray<Json>): ReadonlyArray<A> => orThrow(Either.all(taken.map(decode)))
  return {
    add: {
      decode: (json) => (Array.isArray(json) ? Either.all(json.map(decode)) : Either.left("no entries")),
      encode: (entries) => Either.all(entries.map(encode)),
      handle: (store, chain, entries) => Blocks.add(store, chain, ...orThrow(Either.all(entries.map(encode))))
    },
    dequeue: action(Schema.NonNegativeInt, (store, chain, count) => decoded(Blocks.dequeue(store, chain, count))),
    pop: action(Schema.NonNegativeInt, (store, chain, count) => decoded(Blocks.pop(store, chain, count)))
  }
}

/** The reads of a chain, by what reads it once, and what reads one state of it several times. */
const viewOf = <A>(
  { entry, name }: ChainDefinition<A>,
  read: Collection.Read,
  reader: Effect.Effect<Collection.Read, Collection.CollectionError>
): ChainView<A> => {
  const pages = (readPage: Collection.Read, { from, limit, reverse }: PagedOptions) =>
    Stream.paginateChunkEffect({ at: from, left: limit }, ({ at, left }) =>
      Effect.flatMap(
        readPage((reader, { root }) => {
          const selection = { limit: Math.min(PAGE, left), reverse }
          return Blocks.select(reader, root!, at === undefined ? selection : { ...selection, from: at })
        }),
        ({ entries, next }) => {
          const rest = left - entries.length
          const more = next === undefined || rest <= 0 ? Option.none() : Option.some({ at: next, left: rest })
          return Either.mapBoth(Either.all(entries.map(entry.decode)), {
            onLeft: (reason) => new DecodeError({ collection: name, key: null, reason }),
            onRight: (decoded) => [Chunk.unsafeFromArray(decoded), more] as const
          })
        }
      )
    )
  return {
    length: read((reader, { root }) => Blocks.length(reader, root!)),
    select: ({ from, limit = Number.POSITIVE_INFINITY, reverse = false } = {}) =>
      Stream.unwrap(
        Effect.gen(function* () {
          yield* checkCount("limit", limit)
          yield* checkCount("from", from)
          return limit === 0 ? Stream.empty : pages(yield* reader, { from, limit, reverse })
        })
      )
  }
}

/** The calls of a chain, by what acts on it, and its reads. */
const callsOf = <A>(act: Act<ChainActions<A>>, view: ChainView<A>): ChainCalls<A> => ({
  ...view,
  add: (...entries) => (entries.length === 0 ? Effect.void : act({ data: entries, type: "add" })),
  dequeue: (count = 1) => act({ data: count, type: "dequeue" }),
  pop: (count = 1) => act({ data: count, type: "pop" })
})

/** Where a stream starts, or goes on. */
interface PagedOptions {
  readonly from: Blocks.ChainSelection["from"] | undefined
  readonly limit: number
  readonly reverse: boolean
}

const make = <A>(definition: ChainDefinition<A>, collection: Collection.OpenCollection): Chain<A> => {
  const { entry, filterConflict, name } = definition
  const actions = actionsOf(name, chainActions(entry), filterConflict)
  return {
    ...callsOf(actOn(collection, actions), viewOf(definition, collection.read, collection.reader)),
    ...makeChronicle(collection, {
      decode: actions.decode,
      structure: chainStructure,
      view: (read) => viewOf(definition, read, Effect.succeed(read))
    }),
    name,
    snapshot: Effect.map(LocalSnapshot.make(collection, actions), (local) =>
      LocalSnapshot.publicOf(
        local,
        callsOf(actHere<ChainActions<A>>(local), viewOf(definition, local.read, local.reader))
      )
    )
  }
}
