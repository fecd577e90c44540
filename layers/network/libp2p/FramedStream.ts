import { Buffer } from "node:buffer"
import type { Stream } from "@libp2p/interface"
import { PeerMisbehaved, PeerUnreachable } from "../../../schemas/Errors.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Allowance } from "./Allowance.ts"
import { type Frame, FrameError, FrameReader } from "./Frames.ts"
import * as metrics from "./metrics.ts"
import type { WireEvent, WireEvents } from "./WireEvents.ts"
import type { WireLimits } from "./WireLimits.ts"

/** libp2p is given so much at once, and not more before it has sent that: what waits, waits here, where it is counted. */
const CHUNK_BYTES = 262_144
/** Questions of a peer are read no further while so much of the answers waits for it. */
const PAUSE_BYTES = 1_048_576

/** What a stream of frames is made of. */
export interface FramedStreamOptions {
  readonly stream: Stream
  /** Who is at its other end, as the connection says: measured fact 5. */
  readonly peer: PeerId
  /** Of a frame that may come. */
  readonly maxFrameBytes: number
  /** Whether reading waits for writing. One end of a stream must go on reading, or both could wait for each other. */
  readonly pausesReading: boolean
  readonly bytes: Allowance
  readonly events: WireEvents
  readonly limits: WireLimits
  readonly onFrame: (frame: Frame) => void
  /** Called once, with what to tell those who wait for something on this stream. */
  readonly onClosed: (reason: PeerUnreachable | PeerMisbehaved) => void
}

/**
 * Frames over one stream of libp2p. What is to be sent within one turn of the event loop is sent as one piece. All that waits, to be sent
 * or to be complete, is taken from an allowance; who does not go on reading, or with a frame, is hung up on.
 */
export class FramedStream {
  readonly #options: FramedStreamOptions
  readonly #reader: FrameReader
  #waiting: Array<Buffer> = []
  #waitingBytes = 0
  /** Of what waits, what was taken from the allowance. */
  readonly #takenBytes = new WeakMap<Buffer, number>()
  #isFlushing = false
  #isClosed = false
  #blockedSinceMillis: number | undefined
  #readMillis = performance.now()

  constructor(options: FramedStreamOptions) {
    this.#options = options
    const { bytes, onFrame, peer, stream } = options
    this.#reader = new FrameReader({
      giveBack: (amount) => bytes.giveBack(peer, amount),
      maxBytes: options.maxFrameBytes,
      onFrame: (frame) => {
        metrics.messages("received", 1)
        onFrame(frame)
      },
      take: (amount) => bytes.take(peer, amount)
    })
    stream.addEventListener("message", ({ data }) => this.#read(data))
    // Measured fact 7: `onDrain` waits only once. libp2p goes on in a microtask of its own, with what it has; then it is our turn.
    stream.addEventListener("drain", () => queueMicrotask(() => this.#flush()))
    stream.addEventListener("close", () => this.end("its stream was closed"))
    stream.addEventListener("remoteCloseWrite", () => this.end("it closed its stream"))
    if (stream.status !== "open") queueMicrotask(() => this.end("its stream was closed"))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** When something was read last, in milliseconds. */
  get readMillis(): number {
    return this.#readMillis
  }

  /** Sends a frame with a message, if there is room for it. */
  send(frame: Buffer): boolean {
    const { bytes, peer } = this.#options
    if (this.#isClosed) return true
    if (!bytes.take(peer, frame.length)) return false
    this.#takenBytes.set(frame, frame.length)
    this.sendShort(frame)
    return true
  }

  /** Sends a frame that is a head alone, without asking for room. */
  sendShort(frame: Buffer): void {
    if (this.#isClosed) return
    metrics.messages("sent", 1)
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
    const { maxWaitingBytes } = this.#options.limits
    if (this.#waitingBytes > maxWaitingBytes) {
      this.abort("StalledReader", `more than ${maxWaitingBytes} bytes wait for it`)
      return
    }
    this.#pauseOrResume()
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(() => this.#flushOnce())
  }

  /** Looks whether the other end does its part. */
  check(nowMillis: number): void {
    const { stallMillis } = this.#options.limits
    const blockedSince = this.#blockedSinceMillis
    if (blockedSince !== undefined && nowMillis - blockedSince > stallMillis) {
      this.abort("StalledReader", `${this.#waitingBytes} bytes wait for it, and nothing was read for ${stallMillis} ms`)
    } else if (this.#reader.isAmid && nowMillis - this.#readMillis > stallMillis) {
      this.abort("HalfFrame", `nothing of its frame came for ${stallMillis} ms`)
    }
  }

  /** Hangs up on a peer that does what no peer does. */
  abort(event: WireEvent, detail: string): void {
    const { events, peer } = this.#options
    if (this.#isClosed) return
    events.record(event, peer, detail)
    this.#close(new PeerMisbehaved({ peer, reason: detail }))
  }

  /** Hangs up. */
  end(reason: string): void {
    if (!this.#isClosed) this.#close(new PeerUnreachable({ peer: this.#options.peer, reason }))
  }

  #close(reason: PeerUnreachable | PeerMisbehaved): void {
    const { onClosed, stream } = this.#options
    this.#isClosed = true
    this.#reader.close()
    for (const frame of this.#waiting) this.#giveBack(frame)
    this.#waiting = []
    this.#waitingBytes = 0
    stream.abort(reason)
    onClosed(reason)
  }

  #read(data: Uint8Array | (Iterable<Uint8Array> & { readonly byteLength: number })): void {
    this.#readMillis = performance.now()
    metrics.bytes("received", data.byteLength)
    try {
      if (data instanceof Uint8Array) this.#reader.read(data)
      else for (const part of data) this.#reader.read(part)
    } catch (error) {
      // What is thrown in a listener would end the process: measured fact 4.
      if (error instanceof FrameError) this.abort(error.event, error.message)
      else this.abort("MalformedFrame", "a frame that cannot be read")
    }
    // Before libp2p tells the other end that it may send more, for which a second packet goes out.
    this.#flushOnce()
  }

  #flushOnce(): void {
    if (!this.#isFlushing) return
    this.#isFlushing = false
    this.#flush()
  }

  #flush(): void {
    const { stream } = this.#options
    while (this.#waiting.length > 0 && !this.#isClosed) {
      // Other streams of the connection raise this event, too: what was given before may be waiting still.
      if (stream.writeBufferLength >= CHUNK_BYTES) {
        this.#blockedSinceMillis ??= performance.now()
        return
      }
      const chunk = this.#nextChunk()
      let goesOn = false
      try {
        goesOn = stream.send(chunk)
        metrics.bytes("sent", chunk.length)
      } catch {
        this.end("its stream was closed")
        return
      }
      this.#blockedSinceMillis = goesOn ? undefined : performance.now()
      if (!goesOn) break
    }
    if (this.#waiting.length === 0) this.#blockedSinceMillis = undefined
    this.#pauseOrResume()
  }

  /** Several small frames as one, or a piece of a large one. */
  #nextChunk(): Buffer {
    const first = this.#waiting[0]!
    if (first.length > CHUNK_BYTES) {
      const rest = first.subarray(CHUNK_BYTES)
      this.#takenBytes.set(rest, this.#takenBytes.get(first) ?? 0)
      this.#waiting[0] = rest
      this.#waitingBytes -= CHUNK_BYTES
      return first.subarray(0, CHUNK_BYTES)
    }
    let count = 0
    let length = 0
    for (const frame of this.#waiting) {
      if (length + frame.length > CHUNK_BYTES) break
      length += frame.length
      count++
    }
    const frames = this.#waiting.splice(0, count)
    this.#waitingBytes -= length
    for (const frame of frames) this.#giveBack(frame)
    return frames.length === 1 ? first : Buffer.concat(frames, length)
  }

  #giveBack(frame: Buffer): void {
    const taken = this.#takenBytes.get(frame)
    if (taken === undefined || taken === 0) return
    this.#takenBytes.delete(frame)
    this.#options.bytes.giveBack(this.#options.peer, taken)
  }

  #pauseOrResume(): void {
    const { pausesReading, stream } = this.#options
    if (!pausesReading || this.#isClosed) return
    if (this.#waitingBytes > PAUSE_BYTES && stream.readStatus === "readable") stream.pause()
    else if (this.#waitingBytes <= PAUSE_BYTES / 2 && stream.readStatus === "paused") stream.resume()
  }
}
