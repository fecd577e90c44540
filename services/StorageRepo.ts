import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { BlockUnavailable, CorruptBlock, RevisionPruned, StorageError } from "../schemas/Errors.ts"
import type { ActionId, BlockId, CollectionId, Rev } from "../schemas/Ids.ts"
import type { SignedManifest } from "../schemas/Manifest.ts"
import type { Proof } from "../schemas/Proof.ts"
import type {
  BlockRead,
  CommitAnswer,
  CommitRequest,
  PendAnswer,
  PendRequest,
  StoredBlock,
  TransactionStatus
} from "../schemas/Repo.ts"
import type { Revision } from "../schemas/Revision.ts"

/** What reading blocks from storage may fail with. */
export type ReadError = StorageError | CorruptBlock | RevisionPruned | BlockUnavailable

/** A revision with all that proves it. */
export interface ProvedRevision {
  readonly revision: Revision
  readonly signed: SignedManifest
  readonly proof: Proof
}

/** A part of a block's revision index: from `from` up, at most `limit`. */
export interface RevisionRange {
  readonly from: Rev
  readonly limit: number
}

/** Where a list of collections goes on, and how many steps it may take at once. */
export interface CollectionListing {
  readonly after?: string
  readonly limit: number
}

/** A part of a list of collections, at most as many as were asked for, and where it goes on if it does. */
export interface CollectionPage {
  readonly collections: ReadonlyArray<CollectionId>
  readonly resume?: string
}

/** The blocks that this node keeps: their revisions, pending changes and proofs. */
export interface StorageRepoService {
  /**
   * Reads blocks, in the order asked; undefined for an id never used. All reads without `at` are of one instant: no
   * transaction is seen in one block and not in another.
   */
  readonly get: (reads: ReadonlyArray<BlockRead>) => Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError>
  /** Checks a transaction against what is stored and takes its locks, durably. Asked again, answers the same. */
  readonly pend: (request: PendRequest) => Effect.Effect<PendAnswer, ReadError>
  /**
   * `pend`, and, where it takes the locks, `commit` with the proof that `decide` gives: one durable write. For a cluster
   * of one, whose own approval is the decision.
   */
  readonly pendAndCommit: (
    request: PendRequest,
    decide: (actionId: ActionId) => Proof
  ) => Effect.Effect<PendAnswer, ReadError>
  /** Applies a decided transaction: revisions, manifest and proof in one atomic step. Twice is the same as once. */
  readonly commit: (request: CommitRequest) => Effect.Effect<CommitAnswer, ReadError>
  /** Forgets a pended transaction that is known to be aborted, and frees its locks. */
  readonly cancel: (actionId: ActionId) => Effect.Effect<TransactionStatus, ReadError>
  /** What this node knows of a transaction. */
  readonly status: (actionId: ActionId) => Effect.Effect<TransactionStatus, StorageError>
  /** Revisions of a block, oldest first. Kept for ever, also of deleted blocks. */
  readonly revisions: (block: BlockId, range: RevisionRange) => Effect.Effect<ReadonlyArray<Revision>, StorageError>
  /** A revision with its manifest and proof; undefined where there is none. */
  readonly proof: (block: BlockId, rev: Rev) => Effect.Effect<ProvedRevision | undefined, StorageError>
  /** As `get` of one block at a revision, put together from what is stored, whatever is in memory: to check the store. */
  readonly stored: (block: BlockId, at: Rev) => Effect.Effect<StoredBlock | undefined, ReadError>
  /** The collections of which blocks are kept here, in the order of their ids. O(collections) look-ups, not blocks. */
  readonly collections: (listing: CollectionListing) => Effect.Effect<CollectionPage, StorageError>
}

/** The port for the local repository. */
export class StorageRepo extends Context.Tag("optimystic/StorageRepo")<StorageRepo, StorageRepoService>() {}
