/**
 * The answering end of a protocol: a server of `@effect/rpc` on the streams that peers open. It sees what `RpcHead` lets through, and
 * nothing else.
 */
import * as RpcServer from "@effect/rpc/RpcServer"
import type { Stream } from "@libp2p/interface"
import * as Effect from "effect/Effect"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Handler } from "../Hub.ts"
import { Asker } from "./Asker.ts"
import { type AskError, askRpcs, MAX_REASON } from "./AskRpc.ts"
import { encodeFrame, type Frame, quoted } from "./Frames.ts"
import { answerHead, readFromAsker } from "./RpcHead.ts"
import type { Shared } from "./Shared.ts"
import type { WireEvents } from "./WireEvents.ts"

const FAILED: AskError = { _tag: "Failed" }

/** Takes up a stream on which a peer asks. */
export type Accept = (stream: Stream, peer: PeerId) => void

type Write = (
  client: number,
  message: Parameters<Parameters<RpcServer.Protocol["Type"]["run"]>[0]>[1]
) => Effect.Effect<void>

/** The streams of all who ask, as what a server of `@effect/rpc` talks to. */
const protocolOf = (shared: Shared, maxQuestionBytes: number, askers: Map<number, Asker>) =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<never>()
    const disconnects = yield* Mailbox.make<number>()
    let accept: Accept = () => {}
    const protocol = yield* RpcServer.Protocol.make((write: Write) =>
      Effect.sync(() => {
        accept = accepting(shared, maxQuestionBytes, askers, {
          drop: (client) => disconnects.unsafeOffer(client),
          write: (client, message) => Runtime.runFork(runtime)(write(client, message))
        })
        return {
          clientIds: Effect.sync(() => new Set(askers.keys())),
          disconnects,
          end: (client) => Effect.sync(() => askers.get(client)?.framed.end("it is done")),
          initialMessage: Effect.succeed(Option.none()),
          send: (client, response) =>
            Effect.sync(() => {
              const asker = askers.get(client)
              // Measured facts 1 and 9: nothing but the end of one question leaves, and nothing of why it died.
              if (asker !== undefined && response._tag === "Exit") answer(shared, asker, response)
            }),
          supportsAck: false,
          supportsSpanPropagation: false,
          supportsTransferables: false
        }
      })
    )
    return { accept, protocol }
  })

type Exit = Extract<Parameters<RpcServer.Protocol["Type"]["send"]>[1], { readonly _tag: "Exit" }>

const answer = ({ events }: Shared, asker: Asker, { exit, requestId }: Exit): void => {
  const question = asker.done(requestId)
  if (question === undefined || question.isGivenUp) return
  if (exit._tag === "Failure") {
    asker.fail(requestId, exit.cause._tag === "Fail" ? (exit.cause.error as AskError) : FAILED)
    return
  }
  if (asker.framed.send(encodeFrame(answerHead(requestId), exit.value as string))) return
  events.record("TooManyQuestions", asker.peer, "there is no room for an answer")
  asker.fail(requestId, { _tag: "Busy", what: "the memory for messages" })
}

interface ToServer {
  readonly write: (client: number, message: Parameters<Write>[1]) => void
  readonly drop: (client: number) => void
}

const accepting = (
  shared: Shared,
  maxQuestionBytes: number,
  askers: Map<number, Asker>,
  { drop, write }: ToServer
): Accept => {
  let clients = 0
  return (stream, peer) => {
    const { events, limits, streams } = shared
    if (!streams.take(peer, 1)) {
      events.record(
        "TooManyStreams",
        peer,
        `more than ${limits.maxStreamsPerPeer} streams, or ${limits.maxStreams} of all`
      )
      stream.abort(new Error("too many streams"))
      return
    }
    const client = clients++
    const onClosed = () => {
      askers.delete(client)
      streams.giveBack(peer, 1)
      drop(client)
    }
    const onFrame = (asker: Asker, frame: Frame) => take(shared, asker, frame, (message) => write(client, message))
    askers.set(client, new Asker(shared, { maxQuestionBytes, onClosed, onFrame, peer, stream }))
  }
}

/** Measured facts 3, 4 and 6: only what belongs to this direction, only numbers as ids, and no more of it than is bounded. */
const take = (
  { bytes, events, limits }: Shared,
  asker: Asker,
  { body, bytes: taken, head, isShed }: Frame,
  write: (message: Parameters<Write>[1]) => void
): void => {
  const message = readFromAsker(head)
  const isWhole = message?._tag === "Request" && (body !== undefined || isShed)
  if (!isWhole) bytes.giveBack(asker.peer, taken)
  if (message?._tag === "Interrupt") {
    const question = asker.inHand.get(message.requestId)
    if (question === undefined || question.isGivenUp) return
    question.isGivenUp = true
    write(message)
  } else if (!isWhole) {
    asker.framed.abort("MalformedFrame", `what is no message of whoever asks: ${quoted(head)}`)
  } else if (asker.inHand.has(message.id)) {
    bytes.giveBack(asker.peer, taken)
    asker.framed.abort("DuplicateQuestion", `two questions at once are number ${message.id}`)
  } else if (isShed || !asker.begin(message.id, taken)) {
    bytes.giveBack(asker.peer, taken)
    events.record(
      "TooManyQuestions",
      asker.peer,
      `more than ${limits.maxQuestionsPerStream} on a stream, or all there may be`
    )
    asker.fail(message.id, { _tag: "Busy", what: "the peer" })
  } else {
    write({ _tag: "Request", headers: [], id: message.id, payload: body, tag: "ask" })
  }
}

/** What a handler makes of a question, as it crosses the wire. */
const answerWith =
  (handler: Handler, events: WireEvents, askers: ReadonlyMap<number, Asker>) =>
  (question: string, { clientId }: { readonly clientId: number }): Effect.Effect<string, AskError> =>
    Effect.suspend(() => {
      const peer = askers.get(clientId)?.peer
      if (peer === undefined) return Effect.fail(FAILED)
      return handler(peer, question).pipe(
        Effect.catchTags({
          Busy: ({ what }) => Effect.fail<AskError>({ _tag: "Busy", what: what.slice(0, MAX_REASON) }),
          PeerMisbehaved: ({ reason }) => {
            events.record("MalformedQuestion", peer, reason)
            return Effect.fail<AskError>({ _tag: "Malformed", reason: reason.slice(0, MAX_REASON) })
          }
        }),
        Effect.catchAllDefect((defect) => {
          events.record("HandlerDied", peer, String(defect))
          return Effect.fail(FAILED)
        })
      )
    })

/** Answers a protocol, as long as the scope is open, on the streams that are given to what this gives. */
export const make = (
  shared: Shared,
  maxQuestionBytes: number,
  handler: Handler
): Effect.Effect<Accept, never, Scope.Scope> =>
  Effect.gen(function* () {
    const askers = new Map<number, Asker>()
    const { accept, protocol } = yield* protocolOf(shared, maxQuestionBytes, askers)
    const handlers = yield* askRpcs.toHandlersContext({ ask: answerWith(handler, shared.events, askers) })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const { framed } of [...askers.values()]) framed.end("it does not answer any more")
      })
    )
    yield* RpcServer.make(askRpcs, { disableFatalDefects: true, disableTracing: true }).pipe(
      Effect.provideService(RpcServer.Protocol, protocol),
      Effect.provide(handlers),
      Effect.forkScoped
    )
    return accept
  })
