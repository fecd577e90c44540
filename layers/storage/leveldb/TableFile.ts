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

/** Reads a part of a file, whole. */
const readPart = async (file: FileHandle, position: number, bytes: Uint8Array): Promise<Uint8Array> => {
  for (let filled = 0; filled < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled)
    if (bytesRead === 0) throw new Malformed("it is shorter than it was")
    filled += bytesRead
  }
  return bytes
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
const readIndex = async (file: FileHandle, index: Block): Promise<ReadonlyArray<Block>> => {
  const bytes = await readPart(file, index.offset, new Uint8Array(index.size + TRAILER_BYTES))
  const covered = index.size + 1
  const stored = new ByteReader(bytes.subarray(covered)).fixed(CRC_BYTES)
  if (Crc32c.masked(Crc32c.extend(0, bytes, 0, covered)) !== stored) throw damaged(index)
  const content = bytes.subarray(0, index.size)
  const compression = bytes[index.size]
  if (compression !== UNCOMPRESSED && compression !== SNAPPY) throw new Malformed("its index is compressed another way")
  return blocksIn(compression === SNAPPY ? Snappy.decompress(content) : content)
}

/** Checks blocks that fill a file from its start without a gap. */
const checkBlocks = async (file: FileHandle, blocks: ReadonlyArray<Block>, end: number): Promise<void> => {
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end))
  let number = 0
  let within = 0
  let crc = 0
  let stored = 0
  for (let position = 0; position < end; position += chunk.length) {
    const bytes = await readPart(file, position, chunk.subarray(0, Math.min(chunk.length, end - position)))
    for (let at = 0; at < bytes.length; ) {
      const block = blocks[number]!
      const covered = block.size + 1
      if (within < covered) {
        const taken = Math.min(covered - within, bytes.length - at)
        crc = Crc32c.extend(crc, bytes, at, at + taken)
        within += taken
        at += taken
        continue
      }
      stored += bytes[at]! * 256 ** (within - covered)
      within += 1
      at += 1
      if (within < covered + CRC_BYTES) continue
      if (Crc32c.masked(crc) !== stored) throw damaged(block)
      number += 1
      within = crc = stored = 0
    }
  }
}

/**
 * Checks that every byte of a table that LevelDB may read lies in a block that has its CRC. Throws `Malformed`, or what the platform
 * throws.
 */
export const check = async (file: FileHandle, sizeBytes: number): Promise<void> => {
  const footerAt = sizeBytes - FOOTER_BYTES
  if (footerAt < 0) throw new Malformed("it is too short")
  const footer = await readPart(file, footerAt, new Uint8Array(FOOTER_BYTES))
  if (MAGIC.some((byte, index) => footer[FOOTER_BYTES - MAGIC.length + index] !== byte)) {
    throw new Malformed("its end is not that of a table")
  }
  const reader = new ByteReader(footer)
  const [meta, index] = [readBlock(reader), readBlock(reader)]
  // A footer has no CRC: but where it says that the indexes are, nothing else can be.
  if (endOf(index) !== footerAt || endOf(meta) !== index.offset) throw new Malformed("its end is not what was written")
  const blocks = [...(await readIndex(file, index)), ...(await readIndex(file, meta))]
  let end = 0
  for (const block of blocks) {
    if (block.offset !== end) throw new Malformed(`nothing is known of its byte ${end}`)
    end = endOf(block)
  }
  if (end !== meta.offset) throw new Malformed(`nothing is known of its byte ${end}`)
  await checkBlocks(file, blocks, end)
}
