/**
 * Peers of one program that talk without sockets. What they say goes through the codec of any other network, and each
 * answers in fibers of its own, so that nothing but messages passes between them.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { type Busy, PeerMisbehaved, PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { type PeerError, PeerNetwork, type PeerNetworkService } from "../../services/PeerNetwork.ts"
import { Signer } from "../../services/Signer.ts"
import { utf8Length } from "../../src/encoding/CanonicalJson.ts"
import { codecsOf } from "../../src/network/PeerCodec.ts"

/** What a peer makes of a question: the text of its answer, or that it will not take it. */
export type Handler = (from: PeerId, question: string) => Effect.Effect<string, Busy | PeerMisbehaved>

/** A handler, and the runtime of the peer that it runs in. */
interface Served {
  readonly handler: Handler
  readonly runtime: Runtime.Runtime<never>
}

/** What was sent so far. */
export interface Traffic {
  readonly questions: number
  /** Of questions, as they were sent. */
  readonly bytes: number
}

/** Where the peers of a program find each other. */
export class MemoryHub {
  readonly #served = new Map<PeerId, Map<string, Served>>()
  readonly #away = new Set<PeerId>()
  #questions = 0
  #bytes = 0

  get traffic(): Traffic {
    return { bytes: this.#bytes, questions: this.#questions }
  }

  /** Takes up a handler of a peer; what it gives takes it away again. */
  add(peer: PeerId, protocol: string, served: Served): () => void {
    const protocols = this.#served.get(peer) ?? new Map<string, Served>()
    this.#served.set(peer, protocols.set(protocol, served))
    return () => {
      if (protocols.get(protocol) === served) protocols.delete(protocol)
    }
  }

  /** Cuts a peer off from all others; what it gives brings it back. */
  cutOff(peer: PeerId): () => void {
    this.#away.add(peer)
    return () => {
      this.#away.delete(peer)
    }
  }

  /** Brings a question to a peer, and its answer back. */
  deliver(from: PeerId, to: PeerId, protocol: string, question: string): Effect.Effect<string, PeerError> {
    return Effect.suspend(() => {
      this.#questions++
      this.#bytes += utf8Length(question)
      const served = this.#served.get(to)?.get(protocol)
      const isApart = this.#away.has(from) || this.#away.has(to)
      if (served === undefined || isApart) return new PeerUnreachable({ peer: to, reason: "it is not there" })
      return Effect.async<string, PeerError>((resume) => {
        const fiber = Runtime.runFork(served.runtime)(served.handler(from, question))
        fiber.addObserver((exit) => resume(Exit.isSuccess(exit) ? exit : outcomeOf(to, exit.cause)))
        return Fiber.interrupt(fiber)
      })
    })
  }
}

/** What the failure of a handler is to who asked: nothing of what went wrong inside is told. */
const outcomeOf = (peer: PeerId, cause: Cause.Cause<Busy | PeerMisbehaved>): Effect.Effect<never, PeerError> => {
  const failure = Cause.failureOption(cause)
  return Effect.fail(
    failure._tag === "Some" ? failure.value : new PeerUnreachable({ peer, reason: "it failed to answer" })
  )
}

const make = (hub: MemoryHub, self: PeerId): PeerNetworkService => ({
  ask: (protocol, peer, question) =>
    Effect.suspend(() => {
      const codecs = codecsOf(protocol)
      return Effect.flatMap(codecs.question.encode(question), (text) =>
        Effect.flatMap(hub.deliver(self, peer, protocol.name, text), (answer) =>
          Either.mapLeft(codecs.answer.decode(answer), (reason) => new PeerMisbehaved({ peer, reason }))
        )
      )
    }),
  self,
  serve: (protocol, handler) =>
    Effect.gen(function* () {
      const codecs = codecsOf(protocol)
      const runtime = yield* Effect.runtime<never>()
      const handle: Handler = (from, text) =>
        Effect.flatMap(
          Either.mapLeft(codecs.question.decode(text), (reason) => new PeerMisbehaved({ peer: from, reason })),
          (question) => Effect.flatMap(handler(from, question), (answer) => Effect.orDie(codecs.answer.encode(answer)))
        )
      yield* Effect.acquireRelease(
        Effect.sync(() => hub.add(self, protocol.name, { handler: handle, runtime })),
        (remove) => Effect.sync(remove)
      )
    })
})

/** A peer among those of a hub, named by its key. */
export const layer = (hub: MemoryHub): Layer.Layer<PeerNetwork, never, Signer> =>
  Layer.effect(
    PeerNetwork,
    Effect.map(Signer, ({ peer }) => make(hub, peer))
  )
