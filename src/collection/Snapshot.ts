/** A local snapshot as programs have it, whatever its collection. */
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type { DecodeError } from "../../schemas/Errors.ts"
import type { CollectionError } from "./Collection.ts"

/**
 * A pending action that the state it is to be repeated on does not allow, such as one that takes what is no longer there.
 * Nothing has changed; `discard` gives such actions up, and a conflict filter may do so before.
 */
export class ActionRefused extends Data.TaggedError("ActionRefused")<{
  readonly collection: string
  /** The action, as the snapshot's `pending` has it. */
  readonly action: unknown
  readonly reason: string
}> {
  override get message() {
    return `A pending action cannot be repeated on the latest state of ${JSON.stringify(this.collection)}: ${this.reason}`
  }
}

/** What bringing a local snapshot up to date may fail with. */
export type UpdateError = CollectionError | ActionRefused

/**
 * A state of a collection, and on top of it actions of one's own that nobody else has seen yet. Reads see both, and no
 * transaction. Several fibers may use one snapshot. Whatever fails or is interrupted leaves it as it was.
 */
export interface Snapshot<A> {
  /** The revision that it is of. */
  readonly rev: number
  /** The actions that are not yet committed, in order. */
  readonly pending: Effect.Effect<ReadonlyArray<A>, DecodeError>
  /** Takes in what was committed since, and repeats the pending actions on it, as the conflict filter has it. */
  readonly update: Effect.Effect<void, UpdateError>
  /**
   * Commits all pending actions as one transaction, and takes it in. Fails with `Conflict` where others were first: then
   * `update`. Inside of a `Transaction.run` it is `Invalid`, for it could not be undone.
   */
  readonly sync: Effect.Effect<void, UpdateError>
  /** `update` and `sync`, again and again under the policy of transactions, until no other is first. */
  readonly updateAndSync: Effect.Effect<void, UpdateError>
  /** Forgets pending actions: all, or those that are chosen. The others are repeated without them. */
  readonly discard: (choose?: (action: A) => boolean) => Effect.Effect<void, UpdateError>
}
