/**
 * LevelDB's tables: blocks one after another, each with a CRC behind it, an index of them, and at the end where that is.
 * https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
import type { FileHandle } from "node:fs/promises"
import { ByteReader, Malformed } from "./ByteReader.ts"
import * as Crc32c from "./Crc32c.ts"
import * as Snappy from "./Snappy.ts"

const FOOTER_BYTES = 48
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
/** How a block is compressed, and its CRC, which covers both. */
const TRAILER_BYTES = 5
const CRC_BYTES = 4
const UNCOMPRESSED = 0
const SNAPPY = 1
const RESTART_BYTES = 4

/** How much of a table is in memory at once, beside its index. */
const CHUNK_BYTES = 1024 * 1024

interface Block {
  readonly offset: number
  readonly size: number
}

const endOf = ({ offset, size }: Block): number => offset + size + TRAILER_BYTES

const readBlock = (reader: ByteReader): Block => ({ offset: reader.varint(), size: reader.varint() })

/** A part of a file. */
type ReadPart = (position: number, length: number) => Promise<Uint8Array>

/** Reads parts of a file. Its last part, which has the indexes and as a rule is all of it, is read once. */
const reader = async (file: FileHandle, sizeBytes: number): Promise<ReadPart> => {
  const read: ReadPart = async (position, length) => {
    const bytes = Buffer.allocUnsafe(length)
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, position + filled)
      if (bytesRead === 0) throw new Malformed("it is shorter than it was")
      filled += bytesRead
    }
    return bytes
  }
  const lastAt = Math.max(0, sizeBytes - CHUNK_BYTES)
  const last = await read(lastAt, sizeBytes - lastAt)
  return (position, length) =>
    position < lastAt
      ? read(position, length)
      : Promise.resolve(last.subarray(position - lastAt, position - lastAt + length))
}

/** The blocks that a block names, which is an index. */
const blocksIn = (content: Uint8Array): ReadonlyArray<Block> => {
  const restarts = new ByteReader(content.subarray(-RESTART_BYTES)).fixed(RESTART_BYTES)
  const end = content.length - RESTART_BYTES * (restarts + 1)
  if (end < 0) throw new Malformed("its index is too short")
  const reader = new ByteReader(content.subarray(0, end))
  const blocks: Array<Block> = []
  while (!reader.isAtEnd) {
    reader.varint()
    const [keyBytes, valueBytes] = [reader.varint(), reader.varint()]
    reader.bytes(keyBytes)
    blocks.push(readBlock(new ByteReader(reader.bytes(valueBytes))))
  }
  return blocks
}

const damaged = ({ offset }: Block): Malformed => new Malformed(`its block at byte ${offset} is not what was written`)

/** The blocks that a block of a file names. */
const readIndex = async (read: ReadPart, index: Block): Promise<ReadonlyArray<Block>> => {
  const bytes = await read(index.offset, index.size + TRAILER_BYTES)
  const covered = index.size + 1
  const stored = new ByteReader(bytes.subarray(covered)).fixed(CRC_BYTES)
  if (Crc32c.masked(Crc32c.extend(0, bytes, 0, covered)) !== stored) throw damaged(index)
  const content = bytes.subarray(0, index.size)
  const compression = bytes[index.size]
  if (compression !== UNCOMPRESSED && compression !== SNAPPY) throw new Malformed("its index is compressed another way")
  return blocksIn(compression === SNAPPY ? Snappy.decompress(content) : content)
}

/** Compares blocks that fill a file from its start without a gap, given its bytes piece by piece. */
class BlockCheck {
  readonly #blocks: ReadonlyArray<Block>
  #current = 0
  #within = 0
  #crc = 0
  #stored = 0

  constructor(blocks: ReadonlyArray<Block>) {
    this.#blocks = blocks
  }

  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const block = this.#blocks[this.#current]!
      const covered = block.size + 1
      if (this.#within < covered) {
        const taken = Math.min(covered - this.#within, bytes.length - at)
        this.#crc = Crc32c.extend(this.#crc, bytes, at, at + taken)
        this.#within += taken
        at += taken
      } else {
        this.#stored += bytes[at]! * 256 ** (this.#within - covered)
        this.#within += 1
        at += 1
        if (this.#within === covered + CRC_BYTES) this.#end(block)
      }
    }
  }

  #end(block: Block): void {
    if (Crc32c.masked(this.#crc) !== this.#stored) throw damaged(block)
    this.#current += 1
    this.#within = this.#crc = this.#stored = 0
  }
}

/**
 * Checks that every byte of a table that LevelDB may read lies in a block that has its CRC. Throws `Malformed`, or what the platform
 * throws.
 */
export const check = async (file: FileHandle, sizeBytes: number): Promise<void> => {
  const footerAt = sizeBytes - FOOTER_BYTES
  if (footerAt < 0) throw new Malformed("it is too short")
  const read = await reader(file, sizeBytes)
  const footer = await read(footerAt, FOOTER_BYTES)
  if (MAGIC.some((byte, index) => footer[FOOTER_BYTES - MAGIC.length + index] !== byte)) {
    throw new Malformed("its end is not that of a table")
  }
  const places = new ByteReader(footer)
  const [meta, index] = [readBlock(places), readBlock(places)]
  // A footer has no CRC: but where it says that the indexes are, nothing else can be.
  if (endOf(index) !== footerAt || endOf(meta) !== index.offset) throw new Malformed("its end is not what was written")
  const blocks = [...(await readIndex(read, index)), ...(await readIndex(read, meta))]
  let end = 0
  for (const block of blocks) {
    if (block.offset !== end) throw new Malformed(`nothing is known of its byte ${end}`)
    end = endOf(block)
  }
  if (end !== meta.offset) throw new Malformed(`nothing is known of its byte ${end}`)
  const blockCheck = new BlockCheck(blocks)
  for (let position = 0; position < end; position += CHUNK_BYTES) {
    blockCheck.add(await read(position, Math.min(CHUNK_BYTES, end - position)))
  }
}
