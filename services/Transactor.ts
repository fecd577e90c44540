import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Busy, LimitExceeded, OutcomeUnknown } from "../schemas/Errors.ts"
import type { BlockId, CollectionId, PeerId, Rev } from "../schemas/Ids.ts"
import type { NetworkName, TransactionRef } from "../schemas/Manifest.ts"
import type { FaultModel } from "../schemas/Proof.ts"
import type {
  BlockRead,
  Committed,
  Locked,
  PendRequest,
  Refused,
  Stale,
  StoredBlock,
  TransactionStatus
} from "../schemas/Repo.ts"
import type { Revision } from "../schemas/Revision.ts"
import type { CollectionListing, CollectionPage, ProvedRevision, ReadError, RevisionRange } from "./StorageRepo.ts"

/** How a transaction ended, or why it could not: decided by whatever is below, one node or many. */
export type TransactAnswer = Committed | Stale | Locked | Refused

/** What deciding a transaction may fail with. */
export type TransactError = ReadError | OutcomeUnknown | Busy | LimitExceeded

/** A block to read, and the members that keep it where whoever refers to it says so: all others live with their collection's header. */
export interface LocatedRead extends BlockRead {
  readonly members?: ReadonlyArray<PeerId> | undefined
}

/** The latest revisions of blocks, in the order asked. */
export interface LatestBlocks {
  readonly blocks: ReadonlyArray<StoredBlock | undefined>
  /** Whether all are of one instant. Otherwise each is of its own: they change faster than they can be read twice alike. */
  readonly isOneInstant: boolean
}

/** A transaction that competes with others for collections. */
export interface Contest {
  readonly collections: ReadonlyArray<CollectionId>
  /** How often it was tried so far: who has tried longer goes first. */
  readonly attempts: number
}

/**
 * How a transaction stands among those that compete with it. `free`: nobody is known to. `given`: it has its turn, and what is
 * `known` is as new as those before left it. `vain`: none came in time, so that it goes on by itself.
 */
export type Turn = "free" | "given" | "vain"

/** Turns among all who compete for collections, on any node: advice that spares conflicts, never a lock. */
export interface Turns {
  /** Whether others compete for any of these, as far as this node heard of late. */
  readonly isContended: (collections: ReadonlyArray<CollectionId>) => Effect.Effect<boolean>
  /** Waits for a turn on those of its collections that others compete for, and runs an effect in it. */
  readonly inTurn: <A, E, R>(contest: Contest, use: (turn: Turn) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Reads of the latest state and decisions of transactions, over one node or a network of clusters. */
export interface TransactorService {
  /** The network whose statements count here. */
  readonly network: NetworkName
  /** How members of that network may fail: says how many signatures decide. */
  readonly faultModel: FaultModel
  /** Reads blocks; those without `at` are the latest, all of one instant (linearizable). */
  readonly get: (reads: ReadonlyArray<LocatedRead>) => Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError>
  /** The latest of blocks, whether or not they keep still. Undefined where `get` always has them all of one instant. */
  readonly latest: ((ids: ReadonlyArray<BlockId>) => Effect.Effect<LatestBlocks, ReadError>) | undefined
  /** As `latest`, but as far as this node knows by itself, which may be past. For what is checked when it commits. */
  readonly known: TransactorService["latest"]
  /** Undefined where nobody competes from elsewhere. */
  readonly turns: Turns | undefined
  /** Brings a transaction to its decision and waits for it. */
  readonly transact: (request: PendRequest) => Effect.Effect<TransactAnswer, TransactError>
  /** What is known of a transaction. */
  readonly status: (ref: TransactionRef) => Effect.Effect<TransactionStatus, TransactError>
  /** Tries to end an undecided transaction with abort; tells how it ended. */
  readonly cancel: (ref: TransactionRef) => Effect.Effect<TransactionStatus, TransactError>
  /** The members that a new collection with this header is to have. */
  readonly membersFor: (header: BlockId) => Effect.Effect<readonly [PeerId, ...Array<PeerId>], TransactError>
  /** The members that a new block at this place is to have, sorted: fewer than a cluster has where not as many peers are known. */
  readonly membersAt: (place: BlockId) => ReadonlyArray<PeerId>
  /** Revisions of a block, oldest first. `members` as of {@link LocatedRead}, here and below. */
  readonly revisions: (
    block: BlockId,
    range: RevisionRange,
    members?: ReadonlyArray<PeerId>
  ) => Effect.Effect<ReadonlyArray<Revision>, TransactError>
  /** A revision of a block with its manifest and proof; undefined where there is none. */
  readonly proof: (
    block: BlockId,
    rev: Rev,
    members?: ReadonlyArray<PeerId>
  ) => Effect.Effect<ProvedRevision | undefined, TransactError>
  /** A block as it was at a revision, from where it is kept and not from memory: to check what is kept. */
  readonly stored: (
    block: BlockId,
    at: Rev,
    members?: ReadonlyArray<PeerId>
  ) => Effect.Effect<StoredBlock | undefined, TransactError>
  /** The collections that this node knows, in the order of their ids. */
  readonly collections: (listing: CollectionListing) => Effect.Effect<CollectionPage, TransactError>
}

/** The port that collections and transactions stand on. */
export class Transactor extends Context.Tag("optimystic/Transactor")<Transactor, TransactorService>() {}
