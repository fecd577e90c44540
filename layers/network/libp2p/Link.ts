import type { Libp2p } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Scope from "effect/Scope"
import { PeerUnreachable } from "../../../schemas/Errors.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { PeerError } from "../../../services/PeerNetwork.ts"
import * as Asking from "./Asking.ts"
import { BackOff, type BackOffPolicy } from "./BackOff.ts"
import { dialFailure } from "./dialFailure.ts"
import type { Shared } from "./Shared.ts"

/** Whom to ask, and what. */
export interface LinkOptions {
  readonly node: Libp2p
  readonly self: PeerId
  readonly peer: PeerId
  /** What the protocol is called on the wire. */
  readonly protocol: string
  readonly maxAnswerBytes: number
  readonly backOff: BackOffPolicy
  /** That of the network: who gives up a question does not give up a stream that others wait for. */
  readonly scope: Scope.Scope
}

/** What becomes of questions to a peer once this node asks nobody any more. */
export const leftBy = (peer: PeerId): PeerUnreachable =>
  new PeerUnreachable({ peer, reason: "this node has left the network" })

/**
 * The one stream on which this node asks a peer about a protocol: opened by the first question, opened anew by the next one after it broke. A peer
 * that cannot be reached is left alone for a while, in which every question fails at once.
 */
export class Link {
  readonly #shared: Shared
  readonly #options: LinkOptions
  readonly #backOff: BackOff
  #asking: Asking.Asking | undefined
  #opening: Deferred.Deferred<Asking.Asking, PeerUnreachable> | undefined
  /** Whether the peer answered anything on the stream that is open. */
  #hasAnswered = false

  constructor(shared: Shared, options: LinkOptions) {
    this.#shared = shared
    this.#options = options
    this.#backOff = new BackOff(options.backOff)
  }

  /** Whether there is nothing to remember of it. */
  isForgettable(nowMillis: number): boolean {
    return this.#asking === undefined && this.#opening === undefined && this.#backOff.leftMillis(nowMillis) === 0
  }

  /** There is news of the peer: it is tried at once. */
  reset(): void {
    this.#backOff.reset()
  }

  /** Asks by text, and waits for the text of the answer. */
  ask(question: string): Effect.Effect<string, PeerError> {
    return Effect.suspend(() => {
      const asking = this.#asking
      return asking === undefined
        ? Effect.flatMap(this.#open(), (opened) => opened.ask(question))
        : asking.ask(question)
    })
  }

  #open(): Effect.Effect<Asking.Asking, PeerUnreachable> {
    const { peer, scope } = this.#options
    if (this.#opening !== undefined) return Deferred.await(this.#opening)
    const leftMillis = this.#backOff.leftMillis(performance.now())
    if (leftMillis > 0) {
      const reason = `it could not be reached ${this.#backOff.failures} time(s), and is left alone for ${Math.ceil(leftMillis)} ms`
      return new PeerUnreachable({ peer, reason })
    }
    const opening = Deferred.unsafeMake<Asking.Asking, PeerUnreachable>(FiberId.none)
    this.#opening = opening
    const opened = Effect.onExit(this.#dial(), (exit) => {
      this.#opening = undefined
      return Deferred.done(opening, Exit.isInterrupted(exit) ? Exit.fail(leftBy(peer)) : exit)
    })
    return Effect.zipRight(Effect.forkIn(opened, scope), Deferred.await(opening))
  }

  #dial(): Effect.Effect<Asking.Asking, PeerUnreachable> {
    const { node, peer, protocol } = this.#options
    const { events, limits } = this.#shared
    const dialled = Effect.tryPromise({
      catch: dialFailure,
      try: (signal) => node.dialProtocol(peerIdFromString(peer), protocol, { signal })
    }).pipe(
      Effect.timeoutFail({
        duration: limits.dialMillis,
        onTimeout: () => ({ isSomebodyElse: false, reason: `nobody answers within ${limits.dialMillis} ms` })
      })
    )
    return Effect.matchEffect(dialled, {
      onFailure: ({ isSomebodyElse, reason }) => {
        events.record(isSomebodyElse ? "WrongIdentity" : "DialFailed", peer, reason)
        return Effect.zipRight(this.#backOff.failed, new PeerUnreachable({ peer, reason }))
      },
      onSuccess: (stream) => this.#begin(stream)
    })
  }

  #begin(stream: Asking.AskingOptions["stream"]): Effect.Effect<Asking.Asking> {
    const { maxAnswerBytes, peer, scope, self } = this.#options
    this.#hasAnswered = false
    return Effect.gen(this, function* () {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const onClosed = () => {
        this.#asking = undefined
        const failed = this.#hasAnswered ? Effect.void : this.#backOff.failed
        Effect.runFork(Effect.zipRight(failed, Scope.close(own, Exit.void)))
      }
      const onAnswer = () => {
        if (this.#hasAnswered) return
        this.#hasAnswered = true
        this.#backOff.reset()
      }
      const options = { maxAnswerBytes, onAnswer, onClosed, peer, self, stream }
      const asking = yield* Scope.extend(Asking.make(this.#shared, options), own)
      if (!asking.isClosed()) this.#asking = asking
      return asking
    })
  }
}
