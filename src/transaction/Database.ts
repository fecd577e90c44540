import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Entropy } from "../../services/Entropy.ts"
import { Hasher } from "../../services/Hasher.ts"
import { Signer } from "../../services/Signer.ts"
import { Transactor } from "../../services/Transactor.ts"
import { Verifier } from "../../services/Verifier.ts"
import { PastCache } from "../collection/PastCache.ts"
import { ReadCache } from "../collection/ReadCache.ts"
import { CommitSignals } from "./CommitSignals.ts"
import type { Session, TransactionLimits } from "./Session.ts"
import { Turnstile } from "./Turnstile.ts"

/** How transactions behave on a node. */
export interface TransactionPolicy extends TransactionLimits {
  /** When to run a transaction again that lost to others. When it ends, the transaction fails with `Conflict`. */
  readonly retry: Schedule.Schedule<unknown>
  /** How long a transaction lets others of this node go first. */
  readonly patience: Duration.Duration
  /** Memory for blocks that were read, in bytes of their JSON. */
  readonly cacheBytes: number
  /** Memory for blocks of past revisions, in bytes of their JSON. */
  readonly pastCacheBytes: number
  /** How often those who follow a collection look for what others committed; what this node commits they hear at once. */
  readonly followEvery: Duration.Duration
}

/** What suits a laptop. */
export const defaultTransactionPolicy: TransactionPolicy = {
  cacheBytes: 64 * 1024 * 1024,
  followEvery: Duration.seconds(1),
  maxSnapshotLocks: 100,
  maxTransactionBlocks: 8_192,
  maxTransactionBytes: 32 * 1024 * 1024,
  pastCacheBytes: 16 * 1024 * 1024,
  patience: Duration.seconds(1),
  // At once, in turn, the first time; then after 1, 2, 4, … milliseconds, a little more or less.
  retry: Schedule.recurs(10).pipe(
    Schedule.addDelay((n) => Duration.millis(n === 0 ? 0 : 2 ** (n - 1))),
    Schedule.jittered
  )
}

/** What the collections and transactions of one node share. */
export interface DatabaseService extends Session {
  readonly policy: TransactionPolicy
  readonly turnstile: Turnstile
}

/** The database as programs use it: what `Transaction.run` and every collection need. */
export class Database extends Context.Tag("optimystic/Database")<Database, DatabaseService>() {}

/** The database on a transactor. */
export const layer = (
  policy: Partial<TransactionPolicy> = {}
): Layer.Layer<Database, never, Transactor | Signer | Verifier | Hasher | Entropy> =>
  Layer.effect(
    Database,
    Effect.gen(function* () {
      const complete: TransactionPolicy = { ...defaultTransactionPolicy, ...policy }
      const cache = new ReadCache(complete.cacheBytes)
      return {
        cache,
        commits: new CommitSignals(),
        entropy: yield* Entropy,
        hasher: yield* Hasher,
        limits: complete,
        past: new PastCache(complete.pastCacheBytes, cache),
        policy: complete,
        signer: yield* Signer,
        transactor: yield* Transactor,
        turnstile: new Turnstile(complete.patience),
        verifier: yield* Verifier
      }
    })
  )
