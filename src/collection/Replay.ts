/** Actions done again, on another state than the one they were made for. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Action } from "../../schemas/Collection.ts"
import type { StampId } from "../../schemas/Ids.ts"
import { sizeBytes } from "../encoding/CanonicalJson.ts"
import { entriesAfter } from "../log/EntryPage.ts"
import type { HashText } from "../log/LogBlock.ts"
import { resolve } from "../log/Payload.ts"
import type { CollectionChanges } from "../transaction/CollectionChanges.ts"
import type { Actions } from "./Actions.ts"
import { type ConflictFilter, filterPending } from "./ConflictFilter.ts"
import { ActionRefused, type UpdateError } from "./Snapshot.ts"

/** Log entries of others that are read in one go. */
const PAGE = 32

/** The bytes of actions as JSON. */
export const bytesOf = (logged: ReadonlyArray<Action>): number =>
  logged.reduce((sum, action) => sum + sizeBytes(action), 0)

/** Does actions again, in order. They are kept whole, to be done once more; or as the log is to have them. */
export const replay = <A>(
  { decode, name, perform }: Actions<A>,
  changes: CollectionChanges,
  logged: ReadonlyArray<Action>,
  keep: "whole" | "effective"
): Effect.Effect<void, UpdateError> =>
  Effect.forEach(
    logged,
    (action) =>
      Effect.mapError(
        changes.write((store) => {
          const { actions } = perform(store, changes.header!, action)
          return { actions: keep === "whole" ? [action] : actions, result: undefined }
        }),
        (error) =>
          error._tag === "Invalid" || error._tag === "LimitExceeded"
            ? new ActionRefused({ action: decodedOr(decode, action), collection: name, reason: error.message })
            : error
      ),
    { discard: true }
  )

const decodedOr = <A>(decode: Actions<A>["decode"], action: Action): A | Action =>
  Either.match(decode(action), { onLeft: () => action, onRight: ([first]) => first ?? action })

/** Which run of a transaction followed right after a revision; undefined where none has. */
export const stampAfter = (changes: CollectionChanges, rev: number): Effect.Effect<StampId | undefined, UpdateError> =>
  changes.read((reader) => entriesAfter(reader, changes.pinned.header!.log.tail, rev, 1)[0]?.stampId)

/** The actions of the transactions after a revision, at most a page of them. */
const transactionsAfter = (changes: CollectionChanges, hash: HashText, rev: number) =>
  changes.read((reader) =>
    entriesAfter(reader, changes.pinned.header!.log.tail, rev, PAGE).map((entry) => resolve(reader, hash, entry))
  )

/** What the conflict filter makes of pending actions, where others were committed after a revision. */
export const filterSince = <A>(
  { decode, encode, filterConflict }: Actions<A>,
  changes: CollectionChanges,
  hash: HashText,
  rev: number,
  logged: ReadonlyArray<Action>
): Effect.Effect<ReadonlyArray<Action>, UpdateError> => {
  if (filterConflict === undefined || logged.length === 0 || rev >= changes.pinned.rev) return Effect.succeed(logged)
  const decodeAll = (actions: ReadonlyArray<Action>) => Either.map(Either.all(actions.map(decode)), (all) => all.flat())
  const from = (pending: ReadonlyArray<A>, at: number): Effect.Effect<ReadonlyArray<A>, UpdateError> =>
    at >= changes.pinned.rev || pending.length === 0
      ? Effect.succeed(pending)
      : Effect.flatMap(transactionsAfter(changes, hash, at), (transactions) =>
          Effect.flatMap(filterAll(filterConflict, decodeAll, pending, transactions), (left) =>
            from(left, at + transactions.length)
          )
        )
  return Effect.flatMap(decodeAll(logged), (pending) =>
    Effect.flatMap(from(pending, rev), (left) => Either.all(left.map(encode)))
  )
}

const filterAll = <A, E>(
  filter: ConflictFilter<A>,
  decodeAll: (actions: ReadonlyArray<Action>) => Either.Either<ReadonlyArray<A>, E>,
  pending: ReadonlyArray<A>,
  transactions: ReadonlyArray<ReadonlyArray<Action>>
): Either.Either<ReadonlyArray<A>, E> =>
  transactions.reduce<Either.Either<ReadonlyArray<A>, E>>(
    (sofar, actions) =>
      Either.flatMap(sofar, (left) =>
        Either.map(decodeAll(actions), (others) => (others.length === 0 ? left : filterPending(filter, left, others)))
      ),
    Either.right(pending)
  )
