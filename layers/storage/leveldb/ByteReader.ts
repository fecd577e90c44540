/** Bytes are not what their format says. */
export class Malformed extends Error {}

/** The shifts of the groups of seven bits that a whole number below 2^53 may have. */
const MAX_VARINT_BYTES = 8
const GROUP = 128

/** Reads bytes from front to back in LevelDB's encoding. Everything throws {@link Malformed} where they end too early. */
export class ByteReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#at]
    if (byte === undefined) throw new Malformed("it ends within a value")
    this.#at += 1
    return byte
  }

  /** A number of seven bits per byte, the low ones first, in all but the last byte with the eighth bit set. */
  varint(): number {
    let value = 0
    for (let count = 0, weight = 1; count < MAX_VARINT_BYTES; count++, weight *= GROUP) {
      const byte = this.byte()
      value += (byte % GROUP) * weight
      if (byte < GROUP) {
        if (Number.isSafeInteger(value)) return value
        break
      }
    }
    throw new Malformed("a number in it is too large")
  }

  /** The next bytes, not copied. */
  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new Malformed("it ends within a value")
    const found = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return found
  }

  /** A number of so many bytes, the low ones first; at most 4. */
  fixed(length: number): number {
    const bytes = this.bytes(length)
    let value = 0
    for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[index]!
    return value
  }
}
