import type { EntropyService } from "../../services/Entropy.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { SignerService } from "../../services/Signer.ts"
import type { TransactorService } from "../../services/Transactor.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import type { PastCache } from "../collection/PastCache.ts"
import type { ReadCache } from "../collection/ReadCache.ts"
import type { CommitSignals } from "./CommitSignals.ts"

/** Limits of one transaction. */
export interface TransactionLimits {
  /** Blocks that one transaction may change. */
  readonly maxTransactionBlocks: number
  /** Bytes of the changes of one transaction, as canonical JSON. */
  readonly maxTransactionBytes: number
  /** How often shared locks are asked for to read several collections as of one instant, where they do not keep still. */
  readonly maxSnapshotLocks: number
}

/** What all transactions of a node share. */
export interface Session {
  readonly cache: ReadCache
  readonly commits: CommitSignals
  readonly entropy: EntropyService
  readonly hasher: HasherService
  readonly limits: TransactionLimits
  readonly past: PastCache
  readonly signer: SignerService
  readonly transactor: TransactorService
  readonly verifier: VerifierService
}
