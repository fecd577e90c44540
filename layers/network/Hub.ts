/**
 * What a network among the peers of one program is made of: a hub that brings messages about, and ports on it that write and
 * read them with the codec of any other network. Each peer answers in fibers of its own, so that nothing but messages passes.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { type Busy, PeerMisbehaved, PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { type PeerError, PeerNetwork, type PeerNetworkService, type PeerProtocol } from "../../services/PeerNetwork.ts"
import { Signer } from "../../services/Signer.ts"
import * as PeerCodec from "../../src/network/PeerCodec.ts"

/** What a peer makes of a question: the text of its answer, or that it will not take it. */
export type Handler = (from: PeerId, question: string) => Effect.Effect<string, Busy | PeerMisbehaved>

/** A handler, and the runtime of the peer that it runs in. */
export interface Served {
  readonly handler: Handler
  readonly runtime: Runtime.Runtime<never>
}

/** Where the peers of a program find each other. */
export interface Hub {
  /** Takes up a handler of a peer; what it gives takes it away again. */
  readonly add: (peer: PeerId, protocol: string, served: Served) => () => void
  /** Brings a question to a peer, and its answer back. */
  readonly deliver: (from: PeerId, to: PeerId, protocol: string, question: string) => Effect.Effect<string, PeerError>
}

/** What the end of a handler is to who asked: nothing of what went wrong inside is told. */
export const answerOf = (
  peer: PeerId,
  exit: Exit.Exit<string, Busy | PeerMisbehaved>
): Either.Either<string, PeerError> => {
  if (exit._tag === "Success") return Either.right(exit.value)
  const failure = Cause.failureOption(exit.cause)
  return Either.left(
    failure._tag === "Some" ? failure.value : new PeerUnreachable({ peer, reason: "it failed to answer" })
  )
}

/** Has a peer answer in its own runtime: of whoever asks nothing but the question passes, and that it was given up. */
export const answerIn = (
  { handler, runtime }: Served,
  from: PeerId,
  peer: PeerId,
  question: string
): Effect.Effect<string, PeerError> =>
  Effect.async<string, PeerError>((resume) => {
    const fiber = Runtime.runFork(runtime)(handler(from, question))
    fiber.addObserver((exit) => resume(answerOf(peer, exit)))
    return Fiber.interrupt(fiber)
  })

/** Asks with the codec of a protocol, by whatever brings a text to a peer and the text of its answer back. */
export const asking =
  (
    deliver: (peer: PeerId, protocol: PeerProtocol<never, never>, question: string) => Effect.Effect<string, PeerError>,
    codecsOf = PeerCodec.codecsOf
  ): PeerNetworkService["ask"] =>
  (protocol, peer, question) =>
    Effect.suspend(() => {
      const codecs = codecsOf(protocol)
      return Effect.flatMap(codecs.question.encode(question), (text) =>
        Effect.flatMap(deliver(peer, protocol as unknown as PeerProtocol<never, never>, text), (answer) =>
          Either.mapLeft(codecs.answer.decode(answer), (reason) => new PeerMisbehaved({ peer, reason }))
        )
      )
    })

/** What a handler of typed questions makes of the text of one, with the codec of its protocol. */
export const handlerOf = <Question, Answer>(
  protocol: PeerProtocol<Question, Answer>,
  handler: (from: PeerId, question: Question) => Effect.Effect<Answer, Busy>,
  codecsOf = PeerCodec.codecsOf
): Handler => {
  const codecs = codecsOf(protocol)
  return (from, text) =>
    Effect.flatMap(
      Either.mapLeft(codecs.question.decode(text), (reason) => new PeerMisbehaved({ peer: from, reason })),
      (question) => Effect.flatMap(handler(from, question), (answer) => Effect.orDie(codecs.answer.encode(answer)))
    )
}

/** A peer's port on a hub, and how it reads and writes. */
export const make = (hub: Hub, self: PeerId, codecsOf = PeerCodec.codecsOf): PeerNetworkService => ({
  ask: asking((peer, { name }, question) => hub.deliver(self, peer, name, question), codecsOf),
  self,
  serve: (protocol, handler) =>
    Effect.gen(function* () {
      const runtime = yield* Effect.runtime<never>()
      const served = { handler: handlerOf(protocol, handler, codecsOf), runtime }
      yield* Effect.acquireRelease(
        Effect.sync(() => hub.add(self, protocol.name, served)),
        (remove) => Effect.sync(remove)
      )
    })
})

/** A peer among those of a hub, named by its key. */
export const layer = (hub: Hub): Layer.Layer<PeerNetwork, never, Signer> =>
  Layer.effect(
    PeerNetwork,
    Effect.map(Signer, ({ peer }) => make(hub, peer))
  )
