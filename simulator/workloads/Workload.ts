/** What clients do to a cluster, and what must hold of it. */
import type * as Effect from "effect/Effect"
import type { CollectionMismatch, CollectionNotFound, EntryNotFound } from "../../schemas/Errors.ts"
import type { CollectionError } from "../../src/collection/Collection.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { Database } from "../../src/transaction/Database.ts"
import type { Operation } from "../checker/History.ts"

/** What a transaction of a workload may fail with. */
export type WorkloadError = CollectionError | CollectionMismatch | CollectionNotFound | EntryNotFound

/** One run of a transaction: each operation is added when it is done. */
export interface Run {
  readonly done: Array<Operation>
  /** A value that was never appended before. */
  readonly nextValue: () => number
  /** Says what is wrong with what the transaction saw, if it commits. */
  readonly objectIf: (isWrong: boolean, what: string) => void
}

/** The body of a transaction. */
export type Body = (run: Run) => Effect.Effect<void, WorkloadError, Database>

/** A workload, made anew for each simulation. All that it does is told as appends to lists and reads of them. */
export interface Workload {
  readonly name: string
  /** Makes what is to be there before anything goes wrong. */
  readonly setUp: ReadonlyArray<Body>
  /** The next transaction of a client. `step` counts its transactions, from 0. */
  readonly next: (prng: Prng, step: number) => Body
  /** Reads every list that there is. */
  readonly readAll: Body
}
