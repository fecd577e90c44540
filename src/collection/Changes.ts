/** What was committed to a collection, transaction by transaction: read from its log. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Action, CollectionRev } from "../../schemas/Collection.ts"
import type { DecodeError } from "../../schemas/Errors.ts"
import type { Rev, StampId } from "../../schemas/Ids.ts"
import { hashText } from "../encoding/BlockIds.ts"
import { entryPage, type LocatedEntry } from "../log/EntryPage.ts"
import { resolve } from "../log/Payload.ts"
import type { CommitSignal } from "../transaction/CommitSignals.ts"
import type { CollectionError, OpenCollection, Read } from "./Collection.ts"
import { checkCount } from "./limits.ts"

/** Which changes to stream. */
export interface ChangesOptions {
  /** Changes above this revision. Default: 0, so all of them. */
  readonly since?: number
  /** Whether to go on, with what is committed from now on, instead of ending with the latest revision. */
  readonly follow?: boolean
  /** How often to look for commits of others while following. Default: the policy of the node. */
  readonly every?: Duration.DurationInput
}

/** A transaction as one collection saw it: `time` is milliseconds, by the clock of its author, and metadata only. */
export interface Commit<A> {
  readonly rev: Rev
  readonly time: number
  /** Says which run of a transaction it was: the same in all collections that it wrote. */
  readonly stampId: StampId
  /** The collections that it wrote, with their revisions. */
  readonly collections: ReadonlyArray<CollectionRev>
  /** What it changed, in order. */
  readonly changes: ReadonlyArray<A>
}

/** Reads an action of a log back; `index` counts the actions of the log from 0. */
export type DecodeAction<A> = (action: Action, index: number) => Either.Either<ReadonlyArray<A>, DecodeError>

/** Entries that are read in one go. What they changed is read one by one: a transaction may be large. */
const PAGE = 32
/** However often somebody wants to look, others get their turn. */
const SHORTEST_PAUSE = Duration.millis(1)

/**
 * What was committed to a collection, in order: read from the log, so that nothing between is left out, and the start is
 * found in O(log n). A stream that follows hears of this node's own commits at once, and looks for others from time to time.
 */
export const changes = <A>(
  collection: OpenCollection,
  decode: DecodeAction<A>,
  { every, follow = false, since = 0 }: ChangesOptions = {}
): Stream.Stream<Commit<A>, CollectionError> => {
  const { commits, hasher, policy } = collection.database
  const pause = Duration.max(every ?? policy.followEvery, SHORTEST_PAUSE)
  const hash = (text: string) => hashText(hasher, text)

  const commitOf = (read: Read, { entry, firstAction }: LocatedEntry): Effect.Effect<Commit<A>, CollectionError> =>
    Effect.flatMap(
      read((reader) => resolve(reader, hash, entry)),
      (actions) =>
        Either.map(Either.all(actions.map((action, i) => decode(action, firstAction + i))), (decoded): Commit<A> => {
          const { collections, rev, stampId, time } = entry
          return { changes: decoded.flat(), collections, rev, stampId, time }
        })
    )

  const between = (read: Read, after: number, upTo: number): Stream.Stream<Commit<A>, CollectionError> =>
    Stream.paginateChunkEffect(after, (at) =>
      Effect.map(
        read((reader, { log }) => entryPage(reader, log.tail, { from: at + 1, limit: PAGE })),
        (entries) => {
          const last = entries.at(-1)?.entry.rev ?? upTo
          return [Chunk.unsafeFromArray([...entries]), last < upTo ? Option.some<number>(last) : Option.none()]
        }
      )
    ).pipe(Stream.mapEffect((located) => commitOf(read, located)))

  const from = (after: number) =>
    Effect.map(collection.snapshot, ({ read, rev }) =>
      rev > after ? { commits: between(read, after, rev), rev } : undefined
    )

  /** The next revisions, once there are some. */
  const next = (after: number, signal: CommitSignal): ReturnType<typeof from> =>
    Effect.suspend(() => {
      // Closed before the look: what is committed after it opens the signal again.
      signal.unsafeClose()
      return Effect.flatMap(from(after), (found) =>
        found !== undefined
          ? Effect.succeed(found)
          : Effect.zipRight(Effect.timeoutOption(signal.await, pause), next(after, signal))
      )
    })

  const following = Stream.unwrapScoped(
    Effect.map(commits.listen(collection.id), (signal) =>
      Stream.unfoldEffect(since, (after) =>
        Effect.map(next(after, signal), (found) => Option.some([found!.commits, found!.rev] as const))
      ).pipe(Stream.flatten())
    )
  )

  const upToNow = Stream.unwrap(Effect.map(from(since), (found) => found?.commits ?? Stream.empty))

  return Stream.unwrap(Effect.as(checkCount("since", since), follow ? following : upToNow))
}
