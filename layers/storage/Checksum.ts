import * as zlib from "node:zlib"
import { crc32, crc32OfBytes } from "../../src/storage/Crc32.ts"
import type * as Envelope from "../../src/storage/Envelope.ts"
import type { ByteChecksum } from "../../src/storage/JournalFrame.ts"

const isNative = typeof zlib.crc32 === "function"

/** The checksum of envelopes: zlib's where the platform has it. */
export const ofText: Envelope.Checksum = isNative ? zlib.crc32 : crc32

/** The checksum of bytes: zlib's where the platform has it. */
export const ofBytes: ByteChecksum = isNative ? zlib.crc32 : crc32OfBytes
