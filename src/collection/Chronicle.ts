import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { StructureCheck } from "../verify/Structure.ts"
import { type VerifyOptions, type VerifyReport, verifyCollection } from "../verify/verifyCollection.ts"
import { type ChangesOptions, type Commit, changes, type DecodeAction } from "./Changes.ts"
import type { CollectionError, OpenCollection, Read } from "./Collection.ts"
import { type HistoryEntry, type HistoryOptions, history } from "./History.ts"
import { atRevision, type PastError } from "./Past.ts"

/** What every collection can tell of its past. All of it is of committed states, whatever transaction is under way. */
export interface Chronicle<Change, View> {
  /** What was committed since a revision, transaction by transaction; with `follow`, also what is from now on. */
  readonly changes: (options?: ChangesOptions) => Stream.Stream<Commit<Change>, CollectionError>
  /**
   * The collection as it was at a revision, to read from. `RevisionNotFound` where it has no such revision (yet),
   * `RevisionPruned` where that is no longer kept.
   */
  readonly atRevision: (rev: number) => Effect.Effect<View & { readonly rev: number }, PastError>
  /** The revisions, each with the transaction that made it. */
  readonly history: (options?: HistoryOptions) => Stream.Stream<HistoryEntry, CollectionError>
  /** Checks all that is kept of the collection: log, signatures, contents, structure. Finds problems, and goes on. */
  readonly verify: (options?: VerifyOptions) => Effect.Effect<VerifyReport, CollectionError>
}

/** What a kind of collection must know for it. */
export interface ChronicleParts<Change, View, State> {
  /** The changes that an action of its log stands for. */
  readonly decode: DecodeAction<Change>
  /** Reads of one state, as the collection offers them. */
  readonly view: (read: Read) => View
  /** The rules of its data structure, if it has one beside the log. */
  readonly structure?: StructureCheck<State>
}

/** The chronicle of an open collection of any kind. */
export const make = <Change, View, State = never>(
  collection: OpenCollection,
  { decode, structure, view }: ChronicleParts<Change, View, State>
): Chronicle<Change, View> => ({
  atRevision: (rev) => Effect.map(atRevision(collection, rev), (past) => ({ ...view(past.read), rev: past.rev })),
  changes: (options) => changes(collection, decode, options),
  history: (options) => history(collection, options),
  verify: (options) => verifyCollection(collection, structure, options)
})
