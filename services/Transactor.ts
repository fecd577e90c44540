import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Busy, OutcomeUnknown } from "../schemas/Errors.ts"
import type { BlockId, PeerId } from "../schemas/Ids.ts"
import type { NetworkName, TransactionRef } from "../schemas/Manifest.ts"
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
import type { ReadError } from "./StorageRepo.ts"

/** How a transaction ended, or why it could not: decided by whatever is below, one node or many. */
export type TransactAnswer = Committed | Stale | Locked | Refused

/** What deciding a transaction may fail with. */
export type TransactError = ReadError | OutcomeUnknown | Busy

/** Reads of the latest state and decisions of transactions, over one node or a network of clusters. */
export interface TransactorService {
  /** The network whose statements count here. */
  readonly network: NetworkName
  /** Reads blocks; those without `at` are the latest, all of one instant (linearizable). */
  readonly get: (reads: ReadonlyArray<BlockRead>) => Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError>
  /** Brings a transaction to its decision and waits for it. */
  readonly transact: (request: PendRequest) => Effect.Effect<TransactAnswer, TransactError>
  /** What is known of a transaction. */
  readonly status: (ref: TransactionRef) => Effect.Effect<TransactionStatus, TransactError>
  /** Tries to end an undecided transaction with abort; tells how it ended. */
  readonly cancel: (ref: TransactionRef) => Effect.Effect<TransactionStatus, TransactError>
  /** The members that a new collection with this header is to have. */
  readonly membersFor: (header: BlockId) => Effect.Effect<readonly [PeerId, ...Array<PeerId>], TransactError>
}

/** The port that collections and transactions stand on. */
export class Transactor extends Context.Tag("optimystic/Transactor")<Transactor, TransactorService>() {}
