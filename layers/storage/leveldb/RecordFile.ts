/**
 * LevelDB's format of files that are only ever appended to, as its MANIFEST: records, cut where blocks of 32 KiB end, each piece
 * with a CRC, a length and its place in the record. https://github.com/google/leveldb/blob/main/doc/log_format.md
 */
import * as Crc32c from "./Crc32c.ts"

const BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7
const LENGTH_AT = 4
const TYPE_AT = 6

const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

/** The records of such a file, up to where they can be read. */
export interface RecordScan {
  readonly records: ReadonlyArray<Uint8Array>
  /** Where in the file the last whole record ends. */
  readonly end: number
  /**
   * What follows that: nothing; or a record that reaches beyond the end of the file, as if it was being written; or one that
   * is not what was written.
   */
  readonly rest: "nothing" | "unfinished" | "damaged"
}

/** Reads records, the first of which begins at `position` in the file; so do the bytes. */
export const scan = (bytes: Uint8Array, position = 0): RecordScan => {
  const records: Array<Uint8Array> = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let pieces: Array<Uint8Array> = []
  let end = 0
  const result = (rest: RecordScan["rest"]): RecordScan => ({ end: position + end, records, rest })
  for (let at = 0; ; ) {
    const left = BLOCK_BYTES - ((position + at) % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      at += left
      continue
    }
    if (at + HEADER_BYTES > bytes.length) return result(end >= bytes.length ? "nothing" : "unfinished")
    const length = view.getUint16(at + LENGTH_AT, true)
    const type = bytes[at + TYPE_AT]!
    const next = at + HEADER_BYTES + length
    const isInLastBlock = at + left > bytes.length
    if (next > Math.min(at + left, bytes.length)) return result(isInLastBlock ? "unfinished" : "damaged")
    // A file may have grown before what was written into it was there.
    if (type === 0 && bytes.subarray(at).every((byte) => byte === 0)) return result("unfinished")
    if (Crc32c.masked(Crc32c.extend(0, bytes, at + TYPE_AT, next)) !== view.getUint32(at, true))
      return result("damaged")
    const begins = type === FULL || type === FIRST
    if ((!begins && type !== MIDDLE && type !== LAST) || begins !== (pieces.length === 0)) return result("damaged")
    pieces.push(bytes.subarray(at + HEADER_BYTES, next))
    at = next
    if (type === FULL || type === LAST) {
      records.push(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces))
      pieces = []
      end = at
    }
  }
}
