/** The reading half of a diary, whichever state of it is read. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Action } from "../../schemas/Collection.ts"
import { DecodeError } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { BlockReader } from "../block/BlockStore.ts"
import { actionPage, resolveRun } from "../log/ActionPage.ts"
import { type HashText, readLogBlock, totals } from "../log/LogBlock.ts"
import type { CollectionError, Read } from "./Collection.ts"
import { checkCount } from "./limits.ts"
import type { ValueCodec } from "./ValueCodec.ts"

/** What reading a diary needs to know of it. */
export interface DiaryShape<A> {
  readonly name: string
  readonly entry: ValueCodec<A>
}

/** Which entries to read: from an index (by default the first, or in reverse the last), and how many at most. */
export interface ReadOptions {
  readonly from?: number
  readonly reverse?: boolean
  readonly limit?: number
}

/** What can be read of a diary. */
export interface DiaryView<A> {
  /** Entries in the order in which they were appended, or in reverse. */
  readonly read: (options?: ReadOptions) => Stream.Stream<A, CollectionError>
  /** How many entries there are. */
  readonly length: Effect.Effect<number, CollectionError>
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

/** The entry that an action appended; `index` is its place in the diary. */
export const decodeAction = <A>(
  { entry, name }: DiaryShape<A>,
  action: Action,
  index: number
): Either.Either<A, DecodeError> =>
  Either.mapLeft(entry.decode(action.data), (reason) => new DecodeError({ collection: name, key: index, reason }))

/** The view of a diary through reads: `currentRead` for one, `reader` for several of one state. */
export const make = <A>(
  definition: DiaryShape<A>,
  hash: HashText,
  currentRead: Read,
  reader: Effect.Effect<Read, CollectionError>
): DiaryView<A> => {
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

  const page = (read: Read, asked: Page) =>
    Effect.flatMap(
      read((reader, { log }, pending) => pageOf(reader, log.tail, pending, asked)),
      (actions) =>
        Either.all(actions.map(({ action, index }) => decodeAction(definition, action, index))).pipe(
          Either.map((entries) => ({ entries, last: actions.at(-1)?.index }))
        )
    )

  const pages = (readPage: Read, from: number | undefined, limit: number, reverse: boolean) =>
    Stream.paginateChunkEffect({ from, left: limit }, (at) =>
      Effect.map(page(readPage, { from: at.from, limit: Math.min(PAGE, at.left), reverse }), ({ entries, last }) => {
        const left = at.left - entries.length
        const next = last === undefined ? undefined : last + (reverse ? -1 : 1)
        const more = next !== undefined && next >= 0 && left > 0
        return [Chunk.unsafeFromArray(entries), more ? Option.some({ from: next, left }) : Option.none()]
      })
    )

  const read = ({ from, limit = Number.POSITIVE_INFINITY, reverse = false }: ReadOptions = {}) =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* checkCount("limit", limit)
        yield* checkCount("from", from)
        return limit === 0 ? Stream.empty : pages(yield* reader, from, limit, reverse)
      })
    )

  return {
    length: currentRead((reader, { log }, pending) => totals(readLogBlock(reader, log.tail)).actions + pending.length),
    read
  }
}
