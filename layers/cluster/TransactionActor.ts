/**
 * One transaction on its way, as an actor: the machine that drives it, or recovers it, with its messages and timers. It goes
 * on telling members of the end after whoever waits for that has heard it.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Ending, LockInTheWay, MemberAnswer } from "../../schemas/Cluster.ts"
import type { Busy, LimitExceeded } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { ClusterClientService } from "../../services/ClusterClient.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import type { Driven } from "../../src/cluster/driver/Drive.ts"
import type { RecentTimes } from "../../src/cluster/driver/RecentTimes.ts"
import { Conversation } from "./Conversation.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"
import { driving, recovering, type TransactionMachine } from "./TransactionMachine.ts"

/** What the actors of a node share. */
export interface TransactionActorContext {
  readonly rules: ClusterRules
  readonly client: ClusterClientService
  readonly policy: DrivePolicy
  /** How long votes took of late. */
  readonly voteTimes: RecentTimes
  /** Locks of others are in the way: called once for each time that is heard. */
  readonly onInTheWay: (from: ReadonlyArray<PeerId>, by: ReadonlyArray<LockInTheWay>) => Effect.Effect<void>
}

/** How a transaction went. */
export interface Outcome {
  readonly ending: Ending
  /** Whose locks were in its way. */
  readonly inTheWay: ReadonlyArray<LockInTheWay>
  /** What members had against it, each in its last words. */
  readonly objections: ReadonlyMap<PeerId, Objection>
}

/** What a member has against a transaction: a rule, who is to keep what, or that it is too much, for now or for good. */
export type Objection = string | Extract<MemberAnswer, { _tag: "Membership" }> | Busy | LimitExceeded

/** Why a transaction could not be brought to an end: it may come to one yet. */
export interface Undecided {
  readonly _tag: "Undecided"
  readonly reason: string
}

const LEFT: Undecided = { _tag: "Undecided", reason: "it was left before its end was known" }

/** Talks with the members until all is said; `decided` is completed as soon as the end is known. */
const converse = (
  context: TransactionActorContext,
  driven: Driven,
  machine: TransactionMachine,
  decided: Deferred.Deferred<Outcome, Undecided>
): Effect.Effect<void> =>
  Effect.flatMap(Effect.clock, (clock) =>
    Effect.flatMap(Effect.runtime<never>(), (runtime) =>
      Effect.async<void>((resume) => {
        const conversation = new Conversation(context, driven, machine, {
          clock,
          decided: (outcome) => Deferred.unsafeDone(decided, outcome),
          over: resume,
          runtime
        })
        conversation.begin()
        return conversation.leave
      })
    )
  ).pipe(
    // Where it is left in the midst, or breaks, it may still commit: that is no interruption of whoever waits for it.
    Effect.onExit(() => Deferred.fail(decided, LEFT)),
    Effect.catchAllDefect((defect) => Effect.logError("A transaction was left to others", defect))
  )

/** Begins to drive a transaction in a scope of the node's; waits until its end is known. */
export const drive = (
  context: TransactionActorContext,
  driven: Driven,
  scope: Scope.Scope
): Effect.Effect<Outcome, Undecided> => begin(context, driven, driving(context.rules, driven), scope)

/** Begins to recover a transaction that somebody else drove. */
export const recover = (
  context: TransactionActorContext,
  driven: Driven,
  scope: Scope.Scope
): Effect.Effect<Outcome, Undecided> =>
  begin(context, driven, recovering(context.rules, driven, context.client.self, null), scope)

const begin = (context: TransactionActorContext, driven: Driven, machine: TransactionMachine, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const decided = yield* Deferred.make<Outcome, Undecided>()
    // Who waits for it may not be interrupted; what it waits for may.
    yield* Effect.forkIn(Effect.interruptible(converse(context, driven, machine, decided)), scope)
    return yield* Deferred.await(decided)
  })
