/**
 * How a group of operations lies in a journal: a frame, aligned to 8 bytes, numbers little endian.
 *
 *     head      magic, payload length, sequence (8 bytes), CRC of sequence and payload, CRC of the head before it
 *     payload   operations, one after another, and zeros up to the next multiple of 8
 *     foot      magic, sequence (8 bytes), CRC of the foot before it
 *
 *     operation   1, length of key, key, length of value, value   to put
 *               | 2, length of key, key                          to delete
 *
 * Kinds take one byte, lengths four; texts are UTF-8. A frame is whole if its head and its payload are; the foot, like the
 * head, tells of a frame whose other parts are damaged. Neither magic can occur in a payload: no UTF-8 has a byte 0xff or
 * 0xfe, and a length that had them would be above {@link MAX_PAYLOAD_BYTES}.
 */

/** CRC-32 of bytes, or of bytes that follow others with the CRC `before`: 0 ≤ n < 2^32. */
export type ByteChecksum = (bytes: Uint8Array, before?: number) => number

/** A change of one record: its encoded key, and its value, undefined where it is deleted. */
export interface JournalOperation {
  readonly key: string
  readonly value: string | undefined
}

/** Every frame starts at a multiple of this. */
export const ALIGNMENT_BYTES = 8
/** A head, at the start of a frame. */
export const HEAD_BYTES = 24
/** A foot, at the end of a frame. */
export const FOOT_BYTES = 16
/** A longer payload is refused. */
export const MAX_PAYLOAD_BYTES = 2 ** 30

const HEAD_MAGIC = 0x484ffeff
const FOOT_MAGIC = 0x464ffeff
const HEAD_CHECKED_BYTES = HEAD_BYTES - 4
const FOOT_CHECKED_BYTES = FOOT_BYTES - 4
const SEQUENCE_BYTES = 8
const SEQUENCE_AT = 8
const FOOT_SEQUENCE_AT = 4

const PUT = 1
const DELETE = 2
const KIND_BYTES = 1
const LENGTH_BYTES = 4
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const MAX_BYTES_PER_UNIT = 3

const TWO_32 = 2 ** 32

const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const aligned = (length: number): number => Math.ceil(length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES

const frameBytes = (payloadBytes: number): number => HEAD_BYTES + aligned(payloadBytes) + FOOT_BYTES

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** What a frame takes, given what each text takes. */
export const frameBytesOf = (
  operations: ReadonlyArray<JournalOperation>,
  textBytes: (text: string) => number
): number => {
  let payloadBytes = 0
  for (const { key, value } of operations) {
    payloadBytes += KIND_BYTES + LENGTH_BYTES + textBytes(key)
    if (value !== undefined) payloadBytes += LENGTH_BYTES + textBytes(value)
  }
  return frameBytes(payloadBytes)
}

/** What a text takes at most. */
export const maxTextBytes = (text: string): number => text.length * MAX_BYTES_PER_UNIT

const setSequence = (view: DataView, at: number, sequence: number): void => {
  view.setUint32(at, sequence % TWO_32, true)
  view.setUint32(at + 4, Math.floor(sequence / TWO_32), true)
}

const sequenceAt = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * TWO_32

/** Writes frames into a buffer that the caller has made large enough. */
export class FrameWriter {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #crc32: ByteChecksum

  constructor(bytes: Uint8Array, crc32: ByteChecksum) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#crc32 = crc32
  }

  /** Writes a frame at the start of the buffer, and gives its length. */
  write(operations: ReadonlyArray<JournalOperation>, sequence: number): number {
    const end = this.#writePayload(operations)
    const length = frameBytes(end - HEAD_BYTES)
    const foot = length - FOOT_BYTES
    this.#bytes.fill(0, end, foot)
    this.#writeHead(end, sequence)
    this.#view.setUint32(foot, FOOT_MAGIC, true)
    setSequence(this.#view, foot + FOOT_SEQUENCE_AT, sequence)
    this.#view.setUint32(foot + FOOT_CHECKED_BYTES, this.#crcOf(foot, foot + FOOT_CHECKED_BYTES), true)
    return length
  }

  #writePayload(operations: ReadonlyArray<JournalOperation>): number {
    let at = HEAD_BYTES
    for (const { key, value } of operations) {
      this.#bytes[at] = value === undefined ? DELETE : PUT
      at = this.#writeText(at + KIND_BYTES, key)
      if (value !== undefined) at = this.#writeText(at, value)
    }
    return at
  }

  #writeText(at: number, text: string): number {
    const start = at + LENGTH_BYTES
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(start))
    this.#view.setUint32(at, written, true)
    return start + written
  }

  #writeHead(payloadEnd: number, sequence: number): void {
    this.#view.setUint32(0, HEAD_MAGIC, true)
    this.#view.setUint32(4, payloadEnd - HEAD_BYTES, true)
    setSequence(this.#view, SEQUENCE_AT, sequence)
    const sequenceCrc = this.#crcOf(SEQUENCE_AT, SEQUENCE_AT + SEQUENCE_BYTES)
    this.#view.setUint32(SEQUENCE_AT + SEQUENCE_BYTES, this.#crcOf(HEAD_BYTES, payloadEnd, sequenceCrc), true)
    this.#view.setUint32(HEAD_CHECKED_BYTES, this.#crcOf(0, HEAD_CHECKED_BYTES), true)
  }

  #crcOf(start: number, end: number, before?: number): number {
    return this.#crc32(this.#bytes.subarray(start, end), before)
  }
}

/** What stands at one place of a journal. */
export type Found =
  | {
      readonly _tag: "Frame"
      readonly sequence: number
      readonly operations: ReadonlyArray<JournalOperation>
      readonly length: number
    }
  /** The head or the foot of a frame that is not whole. */
  | { readonly _tag: "Trace"; readonly sequence: number }

/** Reads frames out of the bytes of a journal, whatever these are. */
export class FrameReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #crc32: ByteChecksum

  constructor(bytes: Uint8Array, crc32: ByteChecksum) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#crc32 = crc32
  }

  /** What stands at a place, if it is anything of a frame. */
  read(at: number): Found | undefined {
    if (at + FOOT_BYTES > this.#bytes.length) return undefined
    const magic = this.#view.getUint32(at, true)
    if (magic === HEAD_MAGIC) return this.#readFrame(at)
    return magic === FOOT_MAGIC ? this.#traceAt(at, FOOT_CHECKED_BYTES, FOOT_SEQUENCE_AT) : undefined
  }

  #readFrame(at: number): Found | undefined {
    const trace = this.#traceAt(at, HEAD_CHECKED_BYTES, SEQUENCE_AT)
    if (trace === undefined) return undefined
    const start = at + HEAD_BYTES
    const end = start + this.#view.getUint32(at + 4, true)
    if (end > this.#bytes.length) return trace
    const sequenceCrc = this.#crcOf(at + SEQUENCE_AT, at + SEQUENCE_AT + SEQUENCE_BYTES)
    if (this.#crcOf(start, end, sequenceCrc) !== this.#view.getUint32(at + SEQUENCE_AT + SEQUENCE_BYTES, true)) {
      return trace
    }
    const operations = this.#readPayload(start, end)
    return operations === undefined
      ? trace
      : { _tag: "Frame", sequence: trace.sequence, operations, length: frameBytes(end - start) }
  }

  #traceAt(at: number, checkedBytes: number, sequenceOffset: number) {
    const end = at + checkedBytes
    if (end + 4 > this.#bytes.length || this.#crcOf(at, end) !== this.#view.getUint32(end, true)) return undefined
    const sequence = sequenceAt(this.#view, at + sequenceOffset)
    return Number.isSafeInteger(sequence) && sequence > 0 ? ({ _tag: "Trace", sequence } as const) : undefined
  }

  #readPayload(start: number, end: number): ReadonlyArray<JournalOperation> | undefined {
    const operations: Array<JournalOperation> = []
    for (let at = start; at < end; ) {
      const kind = this.#bytes[at]
      const key = this.#readText(at + KIND_BYTES, end)
      const value = kind === PUT && key !== undefined ? this.#readText(key.end, end) : undefined
      if (key === undefined || (kind === PUT ? value === undefined : kind !== DELETE)) return undefined
      operations.push({ key: key.text, value: value?.text })
      at = value?.end ?? key.end
    }
    return operations
  }

  #readText(at: number, limit: number): { readonly text: string; readonly end: number } | undefined {
    const start = at + LENGTH_BYTES
    if (start > limit) return undefined
    const end = start + this.#view.getUint32(at, true)
    if (end > limit) return undefined
    try {
      return { text: decoder.decode(this.#bytes.subarray(start, end)), end }
    } catch {
      return undefined // not UTF-8
    }
  }

  #crcOf(start: number, end: number, before?: number): number {
    return this.#crc32(this.#bytes.subarray(start, end), before)
  }
}
