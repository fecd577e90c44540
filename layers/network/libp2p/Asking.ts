/**
 * The asking end of a protocol: a client of `@effect/rpc` on one stream to one peer. It sees what `RpcHead` lets through, and nothing else.
 */
import * as RpcClient from "@effect/rpc/RpcClient"
import { RpcClientError } from "@effect/rpc/RpcClientError"
import type { Stream } from "@libp2p/interface"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { Busy, PeerMisbehaved, PeerUnreachable } from "../../../schemas/Errors.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { PeerError } from "../../../services/PeerNetwork.ts"
import { type AskError, askRpcs } from "./AskRpc.ts"
import { FramedStream } from "./FramedStream.ts"
import { encodeFrame, type Frame, MAX_HEAD_BYTES, quoted } from "./Frames.ts"
import { interruptHead, questionHead, readFromAnswerer } from "./RpcHead.ts"
import type { Shared } from "./Shared.ts"

/** An open stream to ask on. */
export interface Asking {
  /** Asks by text, and waits for the text of the answer. */
  readonly ask: (question: string) => Effect.Effect<string, PeerError>
  /** Whether nothing can be asked on it any more. */
  readonly isClosed: () => boolean
}

/** What is asked, and where. */
export interface AskingOptions {
  readonly peer: PeerId
  readonly self: PeerId
  readonly stream: Stream
  readonly maxAnswerBytes: number
  /** Called with each answer: the peer is there. */
  readonly onAnswer: () => void
  readonly onClosed: () => void
}

type Message = Parameters<Parameters<RpcClient.Protocol["Type"]["run"]>[0]>[0]

/** Why nothing comes of a question that was given to `@effect/rpc`. */
const failedBy = (reason: PeerError) =>
  new RpcClientError({ cause: reason, message: reason.message, reason: "Protocol" })

/** The stream, as what a client of `@effect/rpc` talks to. */
class AskingStream {
  readonly framed: FramedStream
  readonly #shared: Shared
  readonly #options: AskingOptions
  readonly #write: (message: Message) => void
  /** Questions that wait for an answer. */
  readonly #asked = new Set<string>()
  /** Questions that were given up, whose answers may be under way. */
  readonly #givenUp = new Set<string>()
  #usedMillis = performance.now()

  constructor(shared: Shared, options: AskingOptions, write: (message: Message) => void) {
    const { bytes, events, limits } = shared
    const { peer, stream } = options
    this.#shared = shared
    this.#options = options
    this.#write = write
    this.framed = new FramedStream({
      bytes,
      events,
      limits,
      maxFrameBytes: options.maxAnswerBytes + MAX_HEAD_BYTES,
      onClosed: (reason) => {
        shared.open.delete(this)
        this.#write({ _tag: "ClientProtocolError", error: failedBy(reason) })
        options.onClosed()
      },
      onFrame: (frame) => this.#take(frame),
      pausesReading: false,
      peer,
      stream
    })
    shared.open.add(this)
  }

  get isFull(): boolean {
    return this.#asked.size >= this.#shared.limits.maxQuestionsPerStream
  }

  ask(id: string, question: string): Effect.Effect<void, RpcClientError> {
    const { peer } = this.#options
    if (this.framed.isClosed) return failedBy(new PeerUnreachable({ peer, reason: "its stream was closed" }))
    if (!this.framed.send(encodeFrame(questionHead(id), question))) {
      return failedBy(new Busy({ what: "the memory for messages" }))
    }
    this.#asked.add(id)
    this.#usedMillis = performance.now()
    return Effect.void
  }

  giveUp(id: string): void {
    if (!this.#asked.delete(id)) return
    // An answer that crosses this is no lie; more than may be under way are not remembered.
    if (this.#givenUp.size >= this.#shared.limits.maxQuestionsPerStream) this.#givenUp.delete([...this.#givenUp][0]!)
    this.#givenUp.add(id)
    this.framed.sendShort(encodeFrame(interruptHead(id)))
  }

  check(nowMillis: number): void {
    this.framed.check(nowMillis)
    const isIdle = this.#asked.size === 0 && nowMillis - this.#usedMillis > this.#shared.limits.idleMillis
    if (isIdle) this.framed.end("it was not used")
  }

  /** Measured facts 2, 3 and 4: only answers, only to what was asked, and whatever else comes ends the stream. */
  #take({ body, bytes: taken, head, isShed }: Frame): void {
    const { bytes } = this.#shared
    const { onAnswer, peer } = this.#options
    bytes.giveBack(peer, taken)
    const message = readFromAnswerer(head)
    const isWhole = message !== undefined && (message.exit._tag === "Failure" || body !== undefined || isShed)
    if (!isWhole) {
      this.framed.abort("MalformedFrame", `what is no message of whoever answers: ${quoted(head)}`)
      return
    }
    const { exit, requestId } = message
    if (this.#givenUp.delete(requestId)) return
    if (!this.#asked.delete(requestId)) {
      this.framed.abort("MalformedFrame", `an answer to ${requestId}, which was not asked`)
      return
    }
    onAnswer()
    const failure: AskError | undefined = isShed
      ? { _tag: "Busy", what: "the memory for messages" }
      : exit._tag === "Failure"
        ? exit.cause.error
        : undefined
    this.#write({
      _tag: "Exit",
      exit:
        failure === undefined
          ? { _tag: "Success", value: body }
          : { _tag: "Failure", cause: { _tag: "Fail", error: failure } },
      requestId
    })
  }
}

const errorOf = (peer: PeerId, self: PeerId, error: AskError): PeerError => {
  switch (error._tag) {
    case "Busy":
      return new Busy({ what: error.what })
    case "Malformed":
      return new PeerMisbehaved({ peer: self, reason: error.reason })
    case "Failed":
      return new PeerUnreachable({ peer, reason: "it failed to answer" })
  }
}

/** What a question failed with, whatever that was: of a peer nothing is a defect. Measured fact 2. */
const reasonOf = (peer: PeerId, self: PeerId, cause: Cause.Cause<AskError | RpcClientError>): PeerError => {
  const failure = Cause.failureOption(cause)
  if (failure._tag === "Some") {
    if (failure.value._tag !== "RpcClientError") return errorOf(peer, self, failure.value)
    return failure.value.cause as PeerError
  }
  return Cause.isInterruptedOnly(cause)
    ? new PeerUnreachable({ peer, reason: "its stream was closed" })
    : new PeerMisbehaved({ peer, reason: "its answer cannot be read" })
}

/** Asks on a stream, which is closed with the scope. */
export const make = (shared: Shared, options: AskingOptions): Effect.Effect<Asking, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { peer, self } = options
    const runtime = yield* Effect.runtime<never>()
    let asking: AskingStream | undefined
    const protocol = yield* RpcClient.Protocol.make((write) =>
      Effect.sync(() => {
        const stream = new AskingStream(shared, options, (message) => {
          Runtime.runFork(runtime)(write(message))
        })
        asking = stream
        return {
          send: (message) =>
            Effect.suspend(() => {
              if (message._tag === "Request") return stream.ask(message.id, message.payload as string)
              if (message._tag === "Interrupt") stream.giveUp(message.requestId)
              return Effect.void
            }),
          supportsAck: false,
          supportsTransferables: false
        }
      })
    )
    const client = yield* RpcClient.make(askRpcs, { disableTracing: true, flatten: true }).pipe(
      Effect.provideService(RpcClient.Protocol, protocol)
    )
    const stream = asking!
    yield* Effect.addFinalizer(() => Effect.sync(() => stream.framed.end("this node does not ask any more")))
    return {
      ask: (question) =>
        Effect.suspend(() => {
          if (stream.isFull) return new Busy({ what: `the stream to ${peer}` })
          return Effect.catchAllCause(client("ask", question), (cause) => Effect.fail(reasonOf(peer, self, cause)))
        }),
      isClosed: () => stream.framed.isClosed
    }
  })
