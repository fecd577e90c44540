/** The compression of LevelDB's blocks, the way back. https://github.com/google/snappy/blob/main/format_description.txt */
import { ByteReader, Malformed } from "./ByteReader.ts"

const LITERAL = 0
const NEAR_COPY = 1
/** A literal longer than this has its length in the next 1 to 4 bytes. */
const LONGEST_SHORT_LITERAL = 60

/** The original of compressed bytes. Throws `Malformed`. */
export const decompress = (compressed: Uint8Array): Uint8Array => {
  const reader = new ByteReader(compressed)
  const original = new Uint8Array(reader.varint())
  let length = 0
  const room = (added: number) => {
    if (length + added > original.length) throw new Malformed("it is longer than it says")
  }
  const copy = (distance: number, count: number) => {
    if (distance === 0 || distance > length) throw new Malformed("it repeats what is not there")
    room(count)
    // Byte by byte: what is copied may be made by this copy.
    for (let index = 0; index < count; index++, length++) original[length] = original[length - distance]!
  }
  while (!reader.isAtEnd) {
    const tag = reader.byte()
    const kind = tag & 3
    if (kind === LITERAL) {
      const size = tag >>> 2
      const count = 1 + (size < LONGEST_SHORT_LITERAL ? size : reader.fixed(size - LONGEST_SHORT_LITERAL + 1))
      room(count)
      original.set(reader.bytes(count), length)
      length += count
    } else if (kind === NEAR_COPY) {
      copy(((tag >>> 5) << 8) | reader.byte(), 4 + ((tag >>> 2) & 7))
    } else {
      copy(reader.fixed(kind === 2 ? 2 : 4), 1 + (tag >>> 2))
    }
  }
  if (length < original.length) throw new Malformed("it is shorter than it says")
  return original
}
