/**
 * One transaction on its way, as an actor: the machine that drives it, or recovers it, with its messages and timers. It goes
 * on telling members of the end after whoever waits for that has heard it.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Ending, LockInTheWay, MemberAnswer } from "../../schemas/Cluster.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { ClusterClientService } from "../../services/ClusterClient.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import type { BallotOrZero } from "../../src/cluster/Ballot.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import { allMembers, type Driven, type Send } from "../../src/cluster/driver/Drive.ts"
import type { RecentTimes } from "../../src/cluster/driver/RecentTimes.ts"
import * as Recoverer from "../../src/cluster/driver/Recoverer.ts"
import type { RecovererOutput } from "../../src/cluster/driver/Recovery.ts"
import * as TransactionDriver from "../../src/cluster/driver/TransactionDriver.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"

/** What the actors of a node share. */
export interface TransactionActorContext {
  readonly rules: ClusterRules
  /** Members that are waited for no longer than `answerMillis`. */
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
  readonly objections: ReadonlyMap<PeerId, string>
}

/** Why a transaction could not be brought to an end: it may come to one yet. */
export interface Undecided {
  readonly _tag: "Undecided"
  readonly reason: string
}

type Event = TransactionDriver.DriverEvent | Recoverer.RecovererEvent
type Output = TransactionDriver.DriverOutput | RecovererOutput

/** A machine with its state: takes an event, and says what is to be done. */
type Machine = (event: Event) => ReadonlyArray<Output>

const drivingMachine = (rules: ClusterRules, driven: Driven): Machine => {
  let state = TransactionDriver.startDriver(driven)
  return (event) => {
    if (event._tag === "BackOffElapsed") return []
    const next = TransactionDriver.step(rules, state, event)
    state = next.state
    return next.outputs
  }
}

const recoveringMachine = (rules: ClusterRules, driven: Driven, self: PeerId, above: BallotOrZero): Machine => {
  let state = Recoverer.startRecoverer(driven, self, above)
  return (event) => {
    if (event._tag === "HedgeElapsed") return []
    const next = Recoverer.step(rules, state, event)
    state = next.state
    return next.outputs
  }
}

/** What share of recent votes was faster than the hedge waits for. */
const MOST = 0.95

/** How long the last votes are waited for once there are enough for a second round. */
const hedgeMillis = ({ policy, voteTimes }: TransactionActorContext): number =>
  Math.max(policy.hedgeMillis, 2 * (voteTimes.quantile(MOST) ?? 0))

const asked = (
  { client, policy, voteTimes }: TransactionActorContext,
  { request, to }: Send
): Effect.Effect<MemberAnswer, PeerError> => {
  const answer = client.ask(to, request)
  if (request._tag === "Pend") {
    return Effect.flatMap(Clock.currentTimeMillis, (before) =>
      Effect.tap(answer, () => Effect.map(Clock.currentTimeMillis, (now) => voteTimes.add(now - before)))
    )
  }
  const isWord = request._tag === "Apply" || request._tag === "End"
  const pauses = Schedule.exponential(Duration.millis(policy.tellPauseMillis))
  return isWord ? Effect.retry(answer, { schedule: pauses, times: policy.tellRetries }) : answer
}

/** A pause before the next ballot: drawn at random, so that two who recover one transaction do not keep meeting. */
const pauseAfter = ({ backOffMillis, maxBackOffMillis }: DrivePolicy, ballots: number): Effect.Effect<void> =>
  Effect.flatMap(
    Random.nextRange(0, 2 * Math.min(backOffMillis * 2 ** (ballots - 1), maxBackOffMillis / 2)),
    (millis) => Effect.sleep(Duration.millis(millis))
  )

/** What a member that does not vote has against a transaction. */
const objectionIn = (answer: MemberAnswer): string | undefined => {
  switch (answer._tag) {
    case "Invalid":
    case "Membership":
      return answer.reason
    default:
      return undefined
  }
}

/** Whether a member has made of the end what it can. A vote of it may still come in, and it may ask for the manifest. */
const isKnownTo = (peer: PeerId, event: Event): boolean =>
  event._tag === "Answer"
    ? event.from === peer && event.answer._tag !== "Approved" && event.answer._tag !== "Unknown"
    : event._tag === "Failed" && event.peer === peer

/** Runs a machine until it has nothing more to say, and completes `decided` as soon as the end is known. */
const converse = (
  context: TransactionActorContext,
  driven: Driven,
  first: Machine,
  decided: Deferred.Deferred<Outcome, Undecided>
) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { client, policy, rules } = context
      const { members } = driven.signed.manifest.shards[0]
      // Not bounded by itself: there is one event for each message and timer under way.
      const heard = yield* Mailbox.make<Event>()
      const inTheWay: Array<LockInTheWay> = []
      const objections = new Map<PeerId, string>()
      let machine = first
      let awaited = 0
      /** The end, as long as this node does not know it as a member: who is told reads it here, too. */
      let untold: Outcome | undefined

      /** Does something that ends in one event. */
      const expect = (event: Effect.Effect<Event>) =>
        Effect.suspend(() => {
          awaited++
          return Effect.forkScoped(Effect.map(event, (event) => heard.unsafeOffer(event)))
        })

      const perform = (output: Output): Effect.Effect<unknown, Undecided, Scope.Scope> => {
        switch (output._tag) {
          case "Send":
            return expect(
              Effect.match(asked(context, output), {
                onFailure: (): Event => ({ _tag: "Failed", peer: output.to }),
                onSuccess: (answer): Event => ({ _tag: "Answer", answer, from: output.to })
              })
            )
          case "Finished": {
            const outcome = { ending: output.ending, inTheWay, objections }
            if (!allMembers(driven.signed.manifest).has(client.self)) return Deferred.succeed(decided, outcome)
            untold = outcome
            return Effect.void
          }
          case "InTheWay":
            inTheWay.push(...output.by)
            return context.onInTheWay(members, output.by)
          case "Hedge":
            return expect(Effect.as(Effect.sleep(Duration.millis(hedgeMillis(context))), { _tag: "HedgeElapsed" }))
          case "Recover":
            machine = recoveringMachine(rules, driven, client.self, output.above)
            return performAll(machine({ _tag: "Begin" }))
          case "BackOff":
            return output.ballots >= policy.maxBallots
              ? Effect.fail({ _tag: "Undecided", reason: `${output.ballots} ballots came to nothing` })
              : expect(
                  Effect.zipRight(
                    pauseAfter(policy, output.ballots),
                    Effect.map(
                      Random.shuffle(members),
                      (order): Event => ({
                        _tag: "BackOffElapsed",
                        order: [...order]
                      })
                    )
                  )
                )
          case "Acknowledged":
            return Effect.void
        }
      }
      const performAll = (outputs: ReadonlyArray<Output>) => Effect.forEach(outputs, perform, { discard: true })

      yield* performAll(machine({ _tag: "Begin" }))
      while (true) {
        if (awaited === 0) {
          // Who has answered beside the point will not answer any more: the machine is not to wait for it.
          for (const peer of allMembers(driven.signed.manifest)) yield* performAll(machine({ _tag: "Failed", peer }))
          if (awaited === 0) break
        }
        const event = yield* Effect.orDie(heard.take)
        awaited--
        if (event._tag === "Answer") {
          const objection = objectionIn(event.answer)
          if (objection !== undefined) objections.set(event.from, objection)
        }
        yield* performAll(machine(event))
        if (untold !== undefined && isKnownTo(client.self, event)) yield* Deferred.succeed(decided, untold)
      }
      if (untold !== undefined) yield* Deferred.succeed(decided, untold)
      return yield* Effect.fail<Undecided>({ _tag: "Undecided", reason: "too few members answer" })
    })
  ).pipe(
    // Where the end was known before, this comes too late to count.
    Effect.catchAll((undecided) => Deferred.fail(decided, undecided)),
    Effect.onExit(() => Deferred.interrupt(decided))
  )

/** Begins to drive a transaction in a scope of the node's; waits until its end is known. */
export const drive = (
  context: TransactionActorContext,
  driven: Driven,
  scope: Scope.Scope
): Effect.Effect<Outcome, Undecided> => begin(context, driven, drivingMachine(context.rules, driven), scope)

/** Begins to recover a transaction that somebody else drove. */
export const recover = (
  context: TransactionActorContext,
  driven: Driven,
  scope: Scope.Scope
): Effect.Effect<Outcome, Undecided> =>
  begin(context, driven, recoveringMachine(context.rules, driven, context.client.self, null), scope)

const begin = (context: TransactionActorContext, driven: Driven, machine: Machine, scope: Scope.Scope) =>
  Effect.gen(function* () {
    const decided = yield* Deferred.make<Outcome, Undecided>()
    // Who waits for it may not be interrupted; what it waits for may.
    yield* Effect.forkIn(Effect.interruptible(converse(context, driven, machine, decided)), scope)
    return yield* Deferred.await(decided)
  })
