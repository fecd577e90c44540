import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type * as Runtime from "effect/Runtime"
import type { LockInTheWay, MemberAnswer } from "../../schemas/Cluster.ts"
import { Busy, LimitExceeded } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import { allMembers, type Driven, type Send } from "../../src/cluster/driver/Drive.ts"
import type { DrivePolicy } from "./DrivePolicy.ts"
import { Forks } from "./Forks.ts"
import type { Objection, Outcome, TransactionActorContext, Undecided } from "./TransactionActor.ts"
import {
  recovering,
  type TransactionEvent,
  type TransactionMachine,
  type TransactionOutput
} from "./TransactionMachine.ts"

/** A message on its way. */
interface Sent {
  readonly send: Send
  /** When, by the clock of the actor, in milliseconds. */
  readonly at: number
  /** How often it was sent before. */
  readonly tries: number
  fiber?: Fiber.RuntimeFiber<unknown, unknown>
}

/** What share of recent votes was faster than the hedge waits for. */
const MOST = 0.95

/** How long the last votes are waited for once there are enough for a second round. */
const hedgeMillis = ({ policy, voteTimes }: TransactionActorContext): number =>
  Math.max(policy.hedgeMillis, 2 * (voteTimes.quantile(MOST) ?? 0))

/** A pause before the next ballot: drawn at random, so that two who recover one transaction do not keep meeting. */
const pauseAfter = ({ backOffMillis, maxBackOffMillis }: DrivePolicy, ballots: number): Effect.Effect<void> =>
  Effect.flatMap(
    Random.nextRange(0, 2 * Math.min(backOffMillis * 2 ** (ballots - 1), maxBackOffMillis / 2)),
    (millis) => Effect.sleep(Duration.millis(millis))
  )

/** The word of the end: said again where it does not arrive. */
const isWord = ({ request: { _tag } }: Send): boolean => _tag === "Apply" || _tag === "End"

/** What a member that does not vote has against a transaction. */
const objectionIn = (answer: MemberAnswer): Objection | undefined => {
  switch (answer._tag) {
    case "Invalid":
      return answer.reason
    case "Membership":
      return answer
    case "Busy":
      return new Busy({ what: `a member (${answer.reason})` })
    case "Excessive":
      return new LimitExceeded(answer)
    default:
      return undefined
  }
}

/** What a message failed of, where it was too much: too large, or one too many for now. */
const excessIn = (cause: Cause.Cause<PeerError>): Objection | undefined => {
  const [error] = Cause.failures(cause)
  return error?._tag === "Busy" || error?._tag === "LimitExceeded" ? error : undefined
}

/** Whether a member has made of the end what it can. A vote of it may still come in, and it may ask for the manifest. */
const isKnownTo = (peer: PeerId, event: TransactionEvent): boolean =>
  event._tag === "Answer"
    ? event.from === peer && event.answer._tag !== "Approved" && event.answer._tag !== "Unknown"
    : event._tag === "Failed" && event.peer === peer

/** Where a conversation is held, and who hears of how it went. */
export interface ConversationHost {
  readonly clock: Clock.Clock
  readonly runtime: Runtime.Runtime<never>
  /** The end is known, or will not be: called any number of times, of which the first counts. */
  readonly decided: (outcome: Effect.Effect<Outcome, Undecided>) => void
  /** There is nothing more to say. */
  readonly over: (end: Effect.Effect<void>) => void
}

/**
 * One transaction among its members: a machine with its messages and timers. It is stepped where an event comes in, one event
 * at a time: a fiber of its own, woken for each, and a timer for each message, were a fifth of a commit's time.
 */
export class Conversation {
  readonly #context: TransactionActorContext
  readonly #driven: Driven
  readonly #members: ReadonlySet<PeerId>
  readonly #host: ConversationHost
  /** Leaves all that is under way. */
  readonly leave: Effect.Effect<void>
  readonly #forks: Forks
  readonly #sent = new Set<Sent>()
  // Not bounded by itself: there is one event for each message and timer under way.
  readonly #mailbox: Array<TransactionEvent> = []
  readonly #inTheWay: Array<LockInTheWay> = []
  readonly #objections = new Map<PeerId, Objection>()
  #machine: TransactionMachine
  /** Events that are still to come. */
  #awaited = 0
  #isStepping = false
  #isOver = false
  /** Whether a timer runs for messages that are not answered. */
  #isWatching = false
  /** The end, as long as this node does not know it as a member: who is told reads it here, too. */
  #untold: Outcome | undefined

  constructor(context: TransactionActorContext, driven: Driven, machine: TransactionMachine, host: ConversationHost) {
    this.#context = context
    this.#driven = driven
    this.#members = allMembers(driven.signed.manifest)
    this.#machine = machine
    this.#host = host
    this.#forks = new Forks(host.runtime)
    this.leave = Effect.sync(() => this.#forks.leave())
  }

  /** Goes on until there is nothing more to say. */
  begin(): void {
    this.#step(() => this.#performAll(this.#machine({ _tag: "Begin" })))
  }

  // ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #offer(event: TransactionEvent): void {
    this.#mailbox.push(event)
    if (!this.#isStepping) this.#step(() => {})
  }

  #step(first: () => void): void {
    this.#isStepping = true
    try {
      first()
      while (!this.#isOver && (this.#mailbox.length > 0 || this.#awaited === 0)) {
        const event = this.#mailbox.shift()
        if (event === undefined) this.#hearNoMore()
        else this.#hear(event)
      }
    } catch (defect) {
      this.#finish(Effect.die(defect))
    } finally {
      this.#isStepping = false
    }
  }

  #hear(event: TransactionEvent): void {
    this.#awaited--
    if (event._tag === "Answer") {
      const objection = objectionIn(event.answer)
      if (objection !== undefined) this.#objections.set(event.from, objection)
    }
    this.#performAll(this.#machine(event))
    if (this.#untold !== undefined && isKnownTo(this.#context.client.self, event)) this.#tell(this.#untold)
  }

  /** Who has answered beside the point will not answer any more: the machine is not to wait for it. */
  #hearNoMore(): void {
    for (const peer of this.#members) this.#performAll(this.#machine({ _tag: "Failed", peer }))
    if (this.#awaited > 0) return
    if (this.#untold !== undefined) this.#tell(this.#untold)
    this.#giveUp("too few members answer")
  }

  #tell(outcome: Outcome): void {
    this.#host.decided(Effect.succeed(outcome))
  }

  #giveUp(reason: string): void {
    this.#host.decided(Effect.fail({ _tag: "Undecided", reason }))
    this.#finish(Effect.void)
  }

  #finish(end: Effect.Effect<void>): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#host.over(Effect.zipRight(this.leave, end))
  }

  // ── What is done ───────────────────────────────────────────────────────────────────────────────────────────────────

  #performAll(outputs: ReadonlyArray<TransactionOutput>): void {
    for (const output of outputs) if (!this.#isOver) this.#perform(output)
  }

  #perform(output: TransactionOutput): void {
    const { client, onInTheWay, policy, rules } = this.#context
    const { members } = this.#driven.signed.manifest.shards[0]
    switch (output._tag) {
      case "Send":
        this.#awaited++
        this.#send(output, 0)
        break
      case "Finished":
        this.#untold = { ending: output.ending, inTheWay: this.#inTheWay, objections: this.#objections }
        if (!this.#members.has(client.self)) this.#tell(this.#untold)
        break
      case "InTheWay":
        for (const lock of output.by) this.#inTheWay.push(lock)
        this.#forks.fork(onInTheWay(members, output.by), () => {})
        break
      case "Hedge":
        this.#expectAfter(Effect.sleep(Duration.millis(hedgeMillis(this.#context))), () => ({ _tag: "HedgeElapsed" }))
        break
      case "Recover":
        this.#machine = recovering(rules, this.#driven, client.self, output.above)
        this.#performAll(this.#machine({ _tag: "Begin" }))
        break
      case "BackOff":
        if (output.ballots >= policy.maxBallots) this.#giveUp(`${output.ballots} ballots came to nothing`)
        else {
          const order = Effect.zipRight(pauseAfter(policy, output.ballots), Random.shuffle(members))
          this.#expectAfter(order, (order) => ({ _tag: "BackOffElapsed", order: [...order] }))
        }
        break
      case "Acknowledged":
        break
    }
  }

  #send(send: Send, tries: number): void {
    const { client, voteTimes } = this.#context
    const { clock } = this.#host
    const sent: Sent = { at: clock.unsafeCurrentTimeMillis(), send, tries }
    this.#sent.add(sent)
    sent.fiber = this.#forks.fork(client.ask(send.to, send.request), (exit) => {
      if (!this.#sent.delete(sent)) return
      if (Exit.isFailure(exit)) {
        const excess = excessIn(exit.cause)
        if (excess !== undefined) this.#objections.set(send.to, excess)
        this.#lost(sent)
        return
      }
      if (send.request._tag === "Pend") voteTimes.add(clock.unsafeCurrentTimeMillis() - sent.at)
      this.#offer({ _tag: "Answer", answer: exit.value, from: send.to })
    })
    this.#watch()
  }

  #lost({ send, tries }: Sent): void {
    const { tellPauseMillis, tellRetries } = this.#context.policy
    if (isWord(send) && tries < tellRetries) {
      this.#after(Effect.sleep(Duration.millis(tellPauseMillis * 2 ** tries)), () => this.#send(send, tries + 1))
    } else this.#offer({ _tag: "Failed", peer: send.to })
  }

  /** Gives up messages that are not answered in time, with one timer for all. This node itself has no message to lose. */
  #watch(): void {
    const { client, policy } = this.#context
    if (this.#isWatching) return
    const others = [...this.#sent].filter(({ send }) => send.to !== client.self)
    const [oldest] = others
    if (oldest === undefined) return
    this.#isWatching = true
    const now = this.#host.clock.unsafeCurrentTimeMillis()
    this.#after(Effect.sleep(Duration.millis(oldest.at + policy.answerMillis - now)), () => {
      this.#isWatching = false
      const due = this.#host.clock.unsafeCurrentTimeMillis() - policy.answerMillis
      for (const sent of others.filter(({ at }) => at <= due)) {
        if (!this.#sent.delete(sent)) continue
        this.#forks.interrupt(sent.fiber!)
        this.#lost(sent)
      }
      this.#watch()
    })
  }

  #expectAfter<A>(pause: Effect.Effect<A>, event: (value: A) => TransactionEvent): void {
    this.#awaited++
    this.#after(pause, (value) => this.#offer(event(value)))
  }

  #after<A>(pause: Effect.Effect<A>, then: (value: A) => void): void {
    this.#forks.fork(pause, (exit) => {
      if (Exit.isSuccess(exit)) then(exit.value)
      else this.#finish(Effect.failCause(exit.cause))
    })
  }
}
