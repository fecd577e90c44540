import type { Stream } from "@libp2p/interface"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { AskError } from "./AskRpc.ts"
import { FramedStream } from "./FramedStream.ts"
import { encodeFrame, type Frame, MAX_HEAD_BYTES } from "./Frames.ts"
import { failureHead } from "./RpcHead.ts"
import type { Shared } from "./Shared.ts"

/** A question that is being answered. */
interface InHand {
  readonly bytes: number
  isGivenUp: boolean
}

/** Who asks, and on which stream. */
export interface AskerOptions {
  readonly peer: PeerId
  readonly stream: Stream
  readonly maxQuestionBytes: number
  readonly onFrame: (asker: Asker, frame: Frame) => void
  readonly onClosed: () => void
}

/** One stream on which a peer asks. */
export class Asker {
  readonly peer: PeerId
  readonly framed: FramedStream
  readonly inHand = new Map<string, InHand>()
  readonly #shared: Shared

  constructor(shared: Shared, options: AskerOptions) {
    const { bytes, events, limits } = shared
    this.#shared = shared
    this.peer = options.peer
    this.framed = new FramedStream({
      bytes,
      events,
      limits,
      maxFrameBytes: options.maxQuestionBytes + MAX_HEAD_BYTES,
      onClosed: () => {
        for (const id of [...this.inHand.keys()]) this.done(id)
        shared.open.delete(this)
        options.onClosed()
      },
      onFrame: (frame) => options.onFrame(this, frame),
      pausesReading: true,
      peer: options.peer,
      stream: options.stream
    })
    shared.open.add(this)
  }

  /** Takes a question on, unless there are too many. */
  begin(id: string, bytes: number): boolean {
    const { limits, questions } = this.#shared
    if (this.inHand.size >= limits.maxQuestionsPerStream || !questions.take(this.peer, 1)) return false
    this.inHand.set(id, { bytes, isGivenUp: false })
    return true
  }

  /** A question is answered, or will not be. */
  done(id: string): InHand | undefined {
    const { bytes, questions } = this.#shared
    const question = this.inHand.get(id)
    if (question === undefined) return undefined
    this.inHand.delete(id)
    bytes.giveBack(this.peer, question.bytes)
    questions.giveBack(this.peer, 1)
    return question
  }

  /** Says why there is no answer. */
  fail(id: string, error: AskError): void {
    this.framed.sendShort(encodeFrame(failureHead(id, error)))
  }

  /** Looks whether the peer does its part, and is still there for anything. */
  check(nowMillis: number): void {
    this.framed.check(nowMillis)
    const isIdle = this.inHand.size === 0 && nowMillis - this.framed.readMillis > 2 * this.#shared.limits.idleMillis
    if (isIdle) this.framed.end("it was not used")
  }
}
