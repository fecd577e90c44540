/**
 * What all collections have in common: a name, a header found by it, a log, and where they are read and written from:
 * the transaction that the present fiber is in, or one of their own.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CollectionBlock } from "../../schemas/BlockTypes.ts"
import { type Action, CollectionName, FORMAT_VERSION } from "../../schemas/Collection.ts"
import { CollectionMismatch, CollectionNotFound, type DecodeError, Invalid } from "../../schemas/Errors.ts"
import type { BlockId, CollectionId } from "../../schemas/Ids.ts"
import { BlockFault, type BlockReader, type BlockStore } from "../block/BlockStore.ts"
import type { Tracker } from "../block/Tracker.ts"
import { collectionId } from "../encoding/BlockIds.ts"
import * as Log from "../log/Log.ts"
import type { Attempt } from "../transaction/Attempt.ts"
import { type Level, levelFor, levelOn } from "../transaction/ambient.ts"
import type { CollectionChanges } from "../transaction/CollectionChanges.ts"
import { Database, type DatabaseService } from "../transaction/Database.ts"
import { begin, runCall, type TransactionError } from "../transaction/Transaction.ts"

/** What any call on an open collection may fail with. */
export type CollectionError = TransactionError | CollectionNotFound | DecodeError

/** What opening a collection may fail with. */
export type OpenCollectionError = TransactionError | CollectionNotFound | CollectionMismatch

/** Where the data blocks of a collection live. */
export type Placement = CollectionBlock["placement"]

/** What a collection is created as, and must be opened as. */
export interface CollectionShape {
  readonly name: string
  readonly kind: string
  readonly keyOrder?: string
  readonly placement: Placement
  /** Makes the root of the data structure, where there is one beside the log. */
  readonly createRoot?: (store: BlockStore) => BlockId
}

/** Reads of a collection as of one state of it; `pending` are the actions of the present transaction, not yet in the log. */
export type Read = <A>(
  procedure: (reader: BlockReader, header: CollectionBlock, pending: ReadonlyArray<Action>) => A
) => Effect.Effect<A, CollectionError>

/** A collection that was opened: reads and writes go to the transaction of the present fiber, or to one of their own. */
export interface OpenCollection {
  readonly id: CollectionId
  readonly database: DatabaseService
  /** Reads as of now; all through one `Read` are of the same state, but for what their own transaction writes. */
  readonly reader: Effect.Effect<Read, CollectionError>
  /** A read of the latest state. */
  readonly read: Read
  /** As {@link reader}, but of the committed state only, whatever transaction is under way: with its revision, to build on. */
  readonly snapshot: Effect.Effect<
    { readonly changes: CollectionChanges; readonly read: Read; readonly rev: number },
    CollectionError
  >
  /** A change: all of it, with the actions that the log is to keep, or nothing. */
  readonly write: <A>(
    procedure: (store: Tracker, header: CollectionBlock) => Written<A>
  ) => Effect.Effect<A, CollectionError>
}

/** What a change gives, and the actions that the log is to keep of it. */
export interface Written<A> {
  readonly result: A
  readonly actions: ReadonlyArray<Action>
}

const headerOf = (name: string, { header }: CollectionChanges): Effect.Effect<CollectionBlock, CollectionNotFound> =>
  header === undefined ? Effect.fail(new CollectionNotFound({ name })) : Effect.succeed(header)

/** Reads of what an attempt sees of a collection, while `level`, if there is one, is under way. */
const readOf =
  (name: string, changes: CollectionChanges, level?: Level): Read =>
  (procedure) =>
    Effect.flatMap(headerOf(name, changes), (header) =>
      changes.read((reader) => {
        level?.assertUnderWay()
        return procedure(reader, header, changes.actions)
      })
    )

const make = (name: string, id: CollectionId, database: DatabaseService): OpenCollection => {
  const committed = Effect.flatMap(begin(database, [id]), (attempt) => attempt.collection(id))

  const reader = Effect.flatMap(levelOn(database), (started): Effect.Effect<Read, CollectionError> => {
    if (started === undefined) return Effect.map(committed, (changes) => readOf(name, changes))
    // Looked up at each read: a stream may go on in a nested run, and one that failed may have started the state anew.
    return Effect.succeed((procedure) =>
      Effect.flatMap(levelFor(started), (level) => {
        const atOnce = tryIn(level, id, (changes, header) =>
          changes.tryRead((reader) => procedure(reader, header, changes.actions))
        )
        if (atOnce !== undefined) return atOnce
        return level.call(
          Effect.flatMap(level.attempt.collection(id), (changes) => readOf(name, changes, level)(procedure))
        )
      })
    )
  })

  const write: OpenCollection["write"] = <A>(procedure: (store: Tracker, header: CollectionBlock) => Written<A>) =>
    transactional(
      database,
      id,
      (attempt, level) =>
        Effect.flatMap(attempt.collection(id), (changes) =>
          Effect.flatMap(headerOf(name, changes), (header) =>
            changes.write((store) => {
              level?.assertUnderWay()
              return procedure(store, header)
            })
          )
        ),
      (level) => tryIn(level, id, (changes, header) => changes.tryWrite((store) => procedure(store, header)))
    )

  return {
    database,
    id,
    read: (procedure) => Effect.flatMap(reader, (read) => read(procedure)),
    reader,
    snapshot: Effect.map(committed, (changes) => ({ changes, read: readOf(name, changes), rev: changes.pinned.rev })),
    write
  }
}

/** What a call in a transaction comes to if it needs nothing but memory, which is the rule; undefined if it needs more. */
const tryIn = <A>(
  level: Level,
  id: CollectionId,
  use: (changes: CollectionChanges, header: CollectionBlock) => Effect.Effect<A, CollectionError> | BlockFault
): Effect.Effect<A, CollectionError> | undefined => {
  const changes = level.isUndivided && !level.isOver ? level.attempt.known(id) : undefined
  const header = changes?.header
  if (changes === undefined || header === undefined) return undefined
  const outcome = use(changes, header)
  return outcome instanceof BlockFault ? undefined : outcome
}

/** Runs a call in the present transaction, or in one of its own. `atOnce` is tried first, if it is given. */
const transactional = <A, E>(
  database: DatabaseService,
  id: CollectionId,
  call: (attempt: Attempt, level?: Level) => Effect.Effect<A, E>,
  atOnce?: (level: Level) => Effect.Effect<A, E> | undefined
): Effect.Effect<A, E | TransactionError> =>
  Effect.flatMap(levelOn(database), (level): Effect.Effect<A, E | TransactionError> => {
    if (level !== undefined) return atOnce?.(level) ?? level.call(call(level.attempt, level))
    return runCall(database, id, call)
  })

const mismatch = (shape: CollectionShape, header: CollectionBlock): CollectionMismatch | undefined => {
  for (const property of ["kind", "keyOrder", "placement"] as const) {
    const expected = shape[property]
    const found = header[property]
    if (expected !== found) {
      return new CollectionMismatch({ expected: `${expected}`, found: `${found}`, name: shape.name, property })
    }
  }
  return undefined
}

const isName = Schema.is(CollectionName)

/** The database, and the id of a collection in it, if its name may be one. */
const locate = (name: string): Effect.Effect<readonly [DatabaseService, CollectionId], Invalid, Database> =>
  Effect.flatMap(Database, (database) =>
    isName(name)
      ? Effect.succeed([database, collectionId(database.hasher, name)] as const)
      : Effect.fail(new Invalid({ reason: `${JSON.stringify(name)} is no collection name: use 1 to 200 characters` }))
  )

/** Opens a collection that exists, whatever it was created as, for what goes for all; with its header. */
export const openAny = (
  name: string
): Effect.Effect<readonly [OpenCollection, CollectionBlock], CollectionError, Database> =>
  Effect.flatMap(locate(name), ([database, id]) => {
    const collection = make(name, id, database)
    return collection.read((_reader, header) => [collection, header] as const)
  })

/** Opens a collection that exists. */
export const open = (shape: CollectionShape): Effect.Effect<OpenCollection, OpenCollectionError, Database> =>
  Effect.flatMap(openAny(shape.name), ([collection, header]) => {
    const problem = mismatch(shape, header)
    return problem === undefined ? Effect.succeed(collection) : Effect.fail(problem)
  }) as Effect.Effect<OpenCollection, OpenCollectionError, Database>

/** Opens a collection, and creates it where it does not exist. Where two create it at once, there is one. */
export const openOrCreate = (shape: CollectionShape): Effect.Effect<OpenCollection, OpenCollectionError, Database> =>
  Effect.flatMap(locate(shape.name), ([database, id]) => {
    return transactional(database, id, (attempt, level) =>
      Effect.flatMap(attempt.collection(id), (changes): Effect.Effect<OpenCollection, OpenCollectionError> => {
        const { header } = changes
        if (header === undefined)
          return Effect.as(create(shape, changes, database, level), make(shape.name, id, database))
        const problem = mismatch(shape, header)
        return problem === undefined ? Effect.succeed(make(shape.name, id, database)) : Effect.fail(problem)
      })
    )
  })

const create = (
  shape: CollectionShape,
  changes: CollectionChanges,
  { transactor }: DatabaseService,
  level: Level | undefined
) =>
  Effect.flatMap(transactor.membersFor(changes.id), (members) =>
    changes.create(members, shape.placement, (store) => {
      level?.assertUnderWay()
      const log = Log.createLog(store)
      const root = shape.createRoot?.(store)
      return {
        epoch: 0,
        format: FORMAT_VERSION,
        header: { collectionId: changes.id, id: changes.id, type: "collection" },
        ...(shape.keyOrder !== undefined && { keyOrder: shape.keyOrder }),
        kind: shape.kind,
        log: { head: log.head, tail: log.tail },
        members,
        name: shape.name,
        placement: shape.placement,
        ...(root !== undefined && { root })
      }
    })
  )
