/**
 * Frames: a length in 4 bytes, big-endian, and that many bytes. They hold a *head*, which is JSON and says what it is, then, where it has one,
 * a line feed and the *body*: the text of a question or an answer, as the codec of its protocol wrote it. JSON has no line feed of its own, so
 * that the body needs no escaping here, and is not read twice there.
 */
import { Buffer } from "node:buffer"

const PREFIX_BYTES = 4
/** Heads hold an id, a kind, a reason. */
export const MAX_HEAD_BYTES = 4_096
const LINE_FEED = 10

/** Of a head that cannot be read, so much is told. */
const QUOTED_CHARACTERS = 80

/** The beginning of a head that cannot be read, for people. */
export const quoted = (head: string): string => JSON.stringify(head.slice(0, QUOTED_CHARACTERS))

/** A frame as it is sent. */
export const encodeFrame = (head: string, body?: string): Buffer => {
  const headBytes = Buffer.byteLength(head)
  const length = body === undefined ? headBytes : headBytes + 1 + Buffer.byteLength(body)
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + length)
  frame.writeUInt32BE(length, 0)
  frame.write(head, PREFIX_BYTES)
  if (body === undefined) return frame
  frame[PREFIX_BYTES + headBytes] = LINE_FEED
  frame.write(body, PREFIX_BYTES + headBytes + 1)
  return frame
}

/** A frame that came. */
export interface Frame {
  readonly head: string
  readonly body: string | undefined
  /** Whether there was no room for its body, which was dropped. */
  readonly isShed: boolean
  /** What was taken from the allowance for it: to be given back by whoever is done with the frame. */
  readonly bytes: number
}

/** Why nothing more is read from a stream. */
export class FrameError extends Error {
  readonly event: "FrameTooLarge" | "MalformedFrame"

  constructor(event: "FrameTooLarge" | "MalformedFrame", message: string) {
    super(message)
    this.event = event
  }
}

/** What a reader of frames is given. */
export interface FrameReaderOptions {
  /** Of a head and a body. */
  readonly maxBytes: number
  /** Makes room for bytes that came. Where there is none, the body of their frame is dropped. */
  readonly take: (bytes: number) => boolean
  readonly giveBack: (bytes: number) => void
  readonly onFrame: (frame: Frame) => void
}

/** Where a frame that comes in pieces begins to be kept. */
const FIRST_CAPACITY = 1_024

/** Puts frames together from what comes, in whatever pieces. What a frame claims to be is judged before any of it is kept. */
export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #prefixBytes = 0
  #missing = 0
  /** Grows with what comes, never by what is claimed; bytes that come one by one are not kept one by one. */
  #kept = Buffer.alloc(0)
  #keptBytes = 0
  #taken = 0
  #isShed = false
  #isClosed = false

  constructor(options: FrameReaderOptions) {
    this.#options = options
  }

  /** Whether a frame was begun that is not complete. */
  get isAmid(): boolean {
    return this.#prefixBytes > 0
  }

  /** Takes what has come. Throws a {@link FrameError} on what can be no frame: whatever follows is none either. */
  read(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0 && !this.#isClosed) {
      if (this.#prefixBytes < PREFIX_BYTES) {
        this.#prefix[this.#prefixBytes++] = rest[0]!
        rest = rest.subarray(1)
        if (this.#prefixBytes === PREFIX_BYTES) this.#begin(this.#prefix.readUInt32BE(0))
        continue
      }
      const part = rest.subarray(0, this.#missing)
      rest = rest.subarray(part.length)
      this.#missing -= part.length
      this.#charge(part.length)
      if (this.#missing > 0 || this.#keptBytes > 0) this.#keep(part)
      if (this.#missing === 0) this.#end(this.#keptBytes > 0 ? this.#kept.subarray(0, this.#keptBytes) : part)
    }
  }

  /** Reads nothing more, and gives back what is kept of half a frame. */
  close(): void {
    this.#isClosed = true
    this.#kept = Buffer.alloc(0)
    this.#giveBack()
  }

  #begin(length: number): void {
    const { maxBytes } = this.#options
    if (length > maxBytes) throw new FrameError("FrameTooLarge", `a frame of ${length} bytes; the limit is ${maxBytes}`)
    if (length === 0) throw new FrameError("MalformedFrame", "an empty frame")
    this.#missing = length
  }

  #charge(bytes: number): void {
    if (this.#isShed) return
    if (this.#options.take(bytes)) {
      this.#taken += bytes
      return
    }
    this.#isShed = true
    this.#kept = Buffer.from(this.#kept.subarray(0, MAX_HEAD_BYTES))
    this.#keptBytes = Math.min(this.#keptBytes, MAX_HEAD_BYTES)
    this.#giveBack()
  }

  #keep(part: Uint8Array): void {
    const room = this.#isShed ? MAX_HEAD_BYTES - this.#keptBytes : part.length
    const kept = part.subarray(0, room)
    const needed = this.#keptBytes + kept.length
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, FIRST_CAPACITY, Math.min(2 * needed, needed + this.#missing)))
      grown.set(this.#kept.subarray(0, this.#keptBytes))
      this.#kept = grown
    }
    this.#kept.set(kept, this.#keptBytes)
    this.#keptBytes = needed
  }

  #end(whole: Uint8Array): void {
    const bytes = Buffer.from(whole.buffer, whole.byteOffset, whole.length)
    const isShed = this.#isShed
    const at = bytes.subarray(0, MAX_HEAD_BYTES).indexOf(LINE_FEED)
    if (at < 0 && bytes.length > MAX_HEAD_BYTES) {
      throw new FrameError("MalformedFrame", `a head of more than ${MAX_HEAD_BYTES} bytes`)
    }
    const head = bytes.toString("utf8", 0, at < 0 ? bytes.length : at)
    const body = at < 0 || isShed ? undefined : bytes.toString("utf8", at + 1)
    const taken = this.#taken
    this.#kept = Buffer.alloc(0)
    this.#keptBytes = 0
    this.#prefixBytes = 0
    this.#taken = 0
    this.#isShed = false
    this.#options.onFrame({ body, bytes: taken, head, isShed })
  }

  #giveBack(): void {
    if (this.#taken > 0) this.#options.giveBack(this.#taken)
    this.#taken = 0
  }
}
