/** Transactions whose locks are in somebody's way are brought to their end, once each at a time. Protocol §4, §5. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { LockInTheWay } from "../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import { BoundedCache } from "../../src/block/BoundedCache.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import { traced } from "../../src/tracing/traced.ts"
import { answerWithin } from "./answerWithin.ts"
import { recovered } from "./metrics.ts"
import * as TransactionActor from "./TransactionActor.ts"

/** Sees to it that transactions come to an end. */
export interface Resolution {
  /** Recovers a transaction now; others who ask for the same wait for the one recovery. */
  readonly recover: (signed: SignedManifest) => Effect.Effect<TransactionActor.Outcome, TransactionActor.Undecided>
  /**
   * Waits for whoever drives a transaction, a moment at a time, for as long as patience lasts since it was first met here; then
   * recovers it.
   */
  readonly await: (signed: SignedManifest) => Effect.Effect<void>
  /** Leaves a transaction to whoever drives it, for as long as patience lasts; then recovers it. Waits for neither. */
  readonly afterPatience: (from: ReadonlyArray<PeerId>, by: ReadonlyArray<LockInTheWay>) => Effect.Effect<void>
}

/** How long is waited at a time before a lock that is in the way is looked at again, in milliseconds. */
const MOMENT_MILLIS = 5

/** Transactions of which it is remembered when they were first met, at most. */
const MAX_MET = 4_096

/** Transactions that are watched at once, at most: those that are still in the way are met again. */
const MAX_WATCHED = 1_024

/** The resolution of one node, in a scope of its own. */
export const make = (
  contextWith: (onInTheWay: Resolution["afterPatience"]) => TransactionActor.TransactionActorContext,
  scope: Scope.Scope
): Resolution => {
  const recovering = new Map<ActionId, Deferred.Deferred<TransactionActor.Outcome, TransactionActor.Undecided>>()
  const watched = new Set<ActionId>()
  const metAt = new BoundedCache<ActionId, number>(MAX_MET, () => 1)

  const awaitEnd: Resolution["await"] = (signed) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const action = actionId(context.rules.hasher, signed.manifest)
      const first = metAt.get(action)
      if (first === undefined) metAt.set(action, now)
      return now - (first ?? now) < context.policy.patienceMillis
        ? Effect.sleep(Duration.millis(MOMENT_MILLIS))
        : Effect.ignore(recover(signed))
    })

  const recover: Resolution["recover"] = (signed) =>
    Effect.suspend(() => {
      const action = actionId(context.rules.hasher, signed.manifest)
      const known = recovering.get(action)
      if (known !== undefined) return Deferred.await(known)
      return Effect.flatMap(Deferred.make<TransactionActor.Outcome, TransactionActor.Undecided>(), (ended) => {
        recovering.set(action, ended)
        const driven = { action, payload: {}, signed }
        return traced(
          "Transactor.recover",
          () => TransactionActor.recover(context, driven, scope),
          () => ({ actionId: action })
        ).pipe(
          Effect.onExit((exit) => {
            recovering.delete(action)
            recovered(exit._tag === "Success" ? exit.value.ending : undefined)
            return Deferred.done(ended, exit)
          })
        )
      })
    })

  /** The manifest of a transaction, from any of those who promised it something; undefined where it is over, or nobody knows. */
  const manifestOf = (action: ActionId, from: ReadonlyArray<PeerId>): Effect.Effect<SignedManifest | undefined> =>
    Effect.map(
      Effect.forEach(
        from,
        (peer) =>
          Effect.orElseSucceed(
            answerWithin(
              context.policy.answerMillis,
              peer,
              context.client.ask(peer, { _tag: "Ask", actionId: action, wantsPayload: false })
            ),
            () => undefined
          ),
        { concurrency: "unbounded" }
      ),
      (answers) => {
        const open = answers.flatMap((answer) => (answer?._tag === "Open" ? (answer.signed ?? []) : []))
        return open.find((signed) => actionId(context.rules.hasher, signed.manifest) === action)
      }
    )

  const watch = (action: ActionId, from: ReadonlyArray<PeerId>) =>
    Effect.sleep(Duration.millis(context.policy.patienceMillis)).pipe(
      Effect.zipRight(manifestOf(action, from)),
      Effect.flatMap((signed) => (signed === undefined ? Effect.void : Effect.ignore(recover(signed)))),
      Effect.ensuring(Effect.sync(() => watched.delete(action)))
    )

  const afterPatience: Resolution["afterPatience"] = (from, by) =>
    Effect.forEach(
      new Set(by.map(({ holder }) => holder)),
      (action) =>
        Effect.suspend(() => {
          if (watched.has(action) || watched.size >= MAX_WATCHED) return Effect.void
          watched.add(action)
          return Effect.forkIn(watch(action, from), scope)
        }),
      { discard: true }
    )

  const context = contextWith(afterPatience)
  return { afterPatience, await: awaitEnd, recover }
}
