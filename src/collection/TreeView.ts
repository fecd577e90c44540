import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { DecodeError, LimitExceeded } from "../../schemas/Errors.ts"
import type { Json } from "../../schemas/Json.ts"
import * as BTree from "../btree/BTree.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import type { CollectionError, Read } from "./Collection.ts"
import type { KeyOrder } from "./KeyOrder.ts"
import { checkCount, MAX_ENTRY_BYTES, MAX_KEY_BYTES } from "./limits.ts"
import type { ValueCodec } from "./ValueCodec.ts"

/** Keys between two bounds, both included unless exclusive. */
export interface Range<K> {
  readonly from?: K
  readonly fromExclusive?: boolean
  readonly to?: K
  readonly toExclusive?: boolean
}

/** Which entries to stream, in the order of their keys or in reverse, and how many at most. */
export interface RangeOptions<K> extends Range<K> {
  readonly reverse?: boolean
  readonly limit?: number
}

/** What a tree needs to know of its entries and keys. */
export interface TreeShape<A, K> {
  readonly name: string
  readonly entry: ValueCodec<A>
  readonly key: ValueCodec<K>
  readonly keyOrder: KeyOrder
  readonly keyOf: (entry: A) => K
}

/** The reading half of a tree, whichever state of it is read. */
export interface TreeView<A, K> {
  /** The entry of a key. */
  readonly get: (key: K) => Effect.Effect<Option.Option<A>, CollectionError>
  /** Whether a key has an entry. */
  readonly has: (key: K) => Effect.Effect<boolean, CollectionError>
  /** The entry with the lowest key. */
  readonly first: Effect.Effect<Option.Option<A>, CollectionError>
  /** The entry with the highest key. */
  readonly last: Effect.Effect<Option.Option<A>, CollectionError>
  /** The entries of a range in the order of their keys, all of one state of the tree. */
  readonly range: (options?: RangeOptions<K>) => Stream.Stream<A, CollectionError>
  /** How many entries are in a range. Reads every leaf of it. */
  readonly count: (range?: Range<K>) => Effect.Effect<number, CollectionError>
}

/** Entries that a stream reads and decodes in one go. */
const PAGE = 512
/** Entries that are counted in one go. */
const COUNT_PAGE = 8_192

/** The encoded form of a key. */
export const encodeKey = <A, K>(
  { key: codec, name }: TreeShape<A, K>,
  key: K
): Either.Either<Json, DecodeError | LimitExceeded> =>
  Either.flatMap(
    Either.mapLeft(codec.encode(key), (reason) => new DecodeError({ collection: name, key, reason })),
    (encoded) => within(encoded, "key", MAX_KEY_BYTES)
  )

/** The encoded form of an entry. */
export const encodeEntry = <A, K>(
  { entry: codec, name }: TreeShape<A, K>,
  key: Json,
  entry: A
): Either.Either<Json, DecodeError | LimitExceeded> =>
  Either.flatMap(
    Either.mapLeft(codec.encode(entry), (reason) => new DecodeError({ collection: name, key, reason })),
    (encoded) => within(encoded, "entry", MAX_ENTRY_BYTES)
  )

const within = (encoded: Json, what: string, limit: number): Either.Either<Json, LimitExceeded> => {
  const actual = sizeBytes(encoded)
  return actual <= limit
    ? Either.right(encoded)
    : Either.left(new LimitExceeded({ actual, limit, what: `the size of the ${what} in bytes` }))
}

/** The decoded form of a stored entry. */
export const decodeEntry = <A, K>(
  { entry, name }: TreeShape<A, K>,
  key: Json,
  stored: Json
): Either.Either<A, DecodeError> => {
  const decoded = entry.decode(stored)
  return Either.isRight(decoded)
    ? (decoded as Either.Either<A, never>)
    : Either.left(new DecodeError({ collection: name, key, reason: decoded.left }))
}

const optional = <A, E>(decoded: Either.Either<A, E> | undefined): Effect.Effect<Option.Option<A>, E> =>
  decoded === undefined
    ? Effect.succeed(Option.none())
    : Either.isRight(decoded)
      ? Effect.succeed(Option.some(decoded.right))
      : Effect.fail(decoded.left)

const encodeRange = <A, K>(shape: TreeShape<A, K>, { from, fromExclusive, to, toExclusive }: Range<K>) =>
  Either.gen(function* () {
    const range: BTree.KeyRange = {
      ...(from !== undefined && { from: yield* encodeKey(shape, from) }),
      ...(to !== undefined && { to: yield* encodeKey(shape, to) }),
      ...(fromExclusive !== undefined && { fromExclusive }),
      ...(toExclusive !== undefined && { toExclusive })
    }
    return range
  })

/** The view of a tree through reads: `read` for one, `reader` for several of one state. */
export const make = <A, K>(
  shape: TreeShape<A, K>,
  read: Read,
  reader: Effect.Effect<Read, CollectionError>
): TreeView<A, K> => {
  const { compare } = shape.keyOrder

  const get = (key: K) =>
    Effect.suspend(() => {
      const encoded = encodeKey(shape, key)
      if (Either.isLeft(encoded)) return Effect.fail(encoded.left)
      return Effect.flatMap(
        read((store, { root }) => {
          const stored = BTree.get(store, root!, compare, encoded.right)
          return stored === undefined ? undefined : decodeEntry(shape, encoded.right, stored)
        }),
        optional
      )
    })

  const has = (key: K) =>
    Effect.flatMap(encodeKey(shape, key), (encoded) =>
      read((store, { root }) => BTree.get(store, root!, compare, encoded) !== undefined)
    )

  const end = (reverse: boolean) =>
    Effect.flatMap(
      read((store, { root }) => {
        const [slice] = BTree.rangePage(store, root!, compare, {}, { limit: 1, reverse }).slices
        return slice === undefined
          ? undefined
          : decodeEntry(shape, slice.leaf.keys[slice.start]!, slice.leaf.entries[slice.start]!)
      }),
      optional
    )

  /** The entries of a page, decoded; the error of the first that does not fit its schema. */
  const decodePage = ({ count, slices }: BTree.RangePage, reverse: boolean): Either.Either<Array<A>, DecodeError> => {
    const entries = new Array<A>(count)
    let filled = 0
    for (const { end, leaf, start } of slices) {
      for (let i = 0; i < end - start; i++) {
        const index = reverse ? end - 1 - i : start + i
        const decoded = decodeEntry(shape, leaf.keys[index]!, leaf.entries[index]!)
        if (Either.isLeft(decoded)) return Either.left(decoded.left)
        entries[filled++] = decoded.right
      }
    }
    return Either.right(entries)
  }

  const pages = (
    readPage: Read,
    keys: BTree.KeyRange,
    reverse: boolean,
    limit: number
  ): Stream.Stream<A, CollectionError> =>
    Stream.paginateChunkEffect({ after: undefined as Json | undefined, left: limit }, ({ after, left }) =>
      Effect.flatMap(
        readPage((store, { root }) => {
          const page = BTree.rangePage(store, root!, compare, keys, { after, limit: Math.min(PAGE, left), reverse })
          return Either.map(decodePage(page, reverse), (entries) => ({ entries, resumeAfter: page.resumeAfter }))
        }),
        Either.map(({ entries, resumeAfter }) => {
          const rest = left - entries.length
          const next =
            resumeAfter === undefined || rest <= 0 ? Option.none() : Option.some({ after: resumeAfter, left: rest })
          return [Chunk.unsafeFromArray(entries), next] as const
        })
      )
    )

  const range = ({ limit = Number.POSITIVE_INFINITY, reverse = false, ...bounds }: RangeOptions<K> = {}) =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* checkCount("limit", limit)
        const keys = yield* encodeRange(shape, bounds)
        return limit === 0 ? Stream.empty : pages(yield* reader, keys, reverse, limit)
      })
    )

  const count = (bounds: Range<K> = {}) =>
    Effect.flatMap(Effect.zip(encodeRange(shape, bounds), reader), ([keys, readPage]) => {
      const add = (total: number, after: Json | undefined): Effect.Effect<number, CollectionError> =>
        Effect.flatMap(
          readPage((store, { root }) => BTree.rangePage(store, root!, compare, keys, { after, limit: COUNT_PAGE })),
          ({ count, resumeAfter }) =>
            resumeAfter === undefined ? Effect.succeed(total + count) : add(total + count, resumeAfter)
        )
      return add(0, undefined)
    })

  return { count, first: end(false), get, has, last: end(true), range }
}
