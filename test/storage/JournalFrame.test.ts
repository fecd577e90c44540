import * as zlib from "node:zlib"
import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crc32OfBytes } from "../../src/storage/Crc32.ts"
import {
  ALIGNMENT_BYTES,
  FrameReader,
  FrameWriter,
  frameBytesOf,
  HEAD_BYTES,
  type JournalOperation,
  maxTextBytes
} from "../../src/storage/JournalFrame.ts"
import * as JournalScan from "../../src/storage/JournalScan.ts"

const crc32 = crc32OfBytes

const frameOf = (operations: ReadonlyArray<JournalOperation>, sequence: number): Uint8Array => {
  const bytes = new Uint8Array(frameBytesOf(operations, maxTextBytes)).fill(0xaa)
  return bytes.slice(0, new FrameWriter(bytes, crc32).write(operations, sequence))
}

const joined = (...parts: ReadonlyArray<Uint8Array>): Uint8Array => new Uint8Array(Buffer.concat(parts))

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = bytes.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

const text = FastCheck.string({ unit: "grapheme", maxLength: 40 })
const operation = FastCheck.record({ key: text, value: FastCheck.option(text, { nil: undefined }) })
const operations = FastCheck.array(operation, { maxLength: 8 })
const sequence = FastCheck.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })

describe("a frame of the journal", () => {
  it("is these bytes", () => {
    const frame = frameOf(
      [
        { key: "a!é", value: "{}" },
        { key: "b", value: undefined }
      ],
      2 ** 32 + 7
    )
    expect(Buffer.from(frame).toString("hex").match(/.{16}/g)).toEqual([
      "fffe4f4815000000",
      "0700000001000000",
      "8dbe1942eb5f12a1",
      "01040000006121c3",
      "a9020000007b7d02",
      "0100000062000000",
      "fffe4f4607000000",
      "01000000bcb339e6"
    ])
  })

  it("gives back what was written, and takes a multiple of 8 bytes", () => {
    FastCheck.assert(
      FastCheck.property(operations, sequence, (written, number) => {
        const frame = frameOf(written, number)
        expect(frame.length % ALIGNMENT_BYTES).toBe(0)
        expect(frame.length).toBe(frameBytesOf(written, Buffer.byteLength))
        expect(new FrameReader(frame, crc32).read(0)).toEqual({
          _tag: "Frame",
          length: frame.length,
          operations: written,
          sequence: number
        })
      })
    )
  })

  it("with one flipped bit gives the same operations, or tells that it was there", () => {
    FastCheck.assert(
      FastCheck.property(operations, sequence, (written, number) => {
        const frame = frameOf(written, number)
        for (let bit = 0; bit < frame.length * 8; bit++) {
          const { frames, highest } = JournalScan.scan([flipped(frame, bit)], crc32)
          expect(highest, `bit ${bit}`).toBe(number)
          if (frames.size > 0) expect([...frames]).toEqual([[number, written]])
        }
      }),
      { numRuns: 10 }
    )
  })

  it("that is cut off anywhere is not taken for whole, unless only its foot is missing", () => {
    const frame = frameOf([{ key: "key", value: "some text" }], 5)
    for (let length = 0; length < frame.length; length++) {
      const { frames, highest } = JournalScan.scan([joined(frame.slice(0, length), new Uint8Array(64))], crc32)
      expect(frames.size === 1, `cut to ${length}`).toBe(length >= HEAD_BYTES + 21)
      expect(highest, `cut to ${length}`).toBe(length < HEAD_BYTES ? 0 : 5)
    }
  })

  it("cannot be feigned by a text", () => {
    const inner = frameOf([{ key: "inner", value: "1" }], 9)
    const feigned = Buffer.from(inner).toString("latin1")
    for (let shift = 0; shift < ALIGNMENT_BYTES; shift++) {
      const frame = frameOf([{ key: "outer", value: " ".repeat(shift) + feigned }], 3)
      // So that the inside is looked at.
      const { frames, highest } = JournalScan.scan([flipped(frame, (HEAD_BYTES + 8) * 8)], crc32)
      expect({ frames, highest }).toEqual({ frames: new Map(), highest: 3 })
    }
  })
})

describe("the scan of a journal", () => {
  it("finds every whole frame behind damage, and what is left of the others", () => {
    const frames = [1, 2, 3, 4].map((n) => frameOf([{ key: `k${n}`, value: "x".repeat(20 * n) }], n))
    const second = frames[0]!.length
    for (let bit = second * 8; bit < (second + frames[1]!.length) * 8; bit++) {
      const found = JournalScan.scan([flipped(joined(...frames, new Uint8Array(100)), bit)], crc32)
      expect(found.highest).toBe(4)
      expect([1, 3, 4].every((n) => found.frames.get(n)?.[0]?.key === `k${n}`)).toBe(true)
    }
  })

  it("takes any bytes", () => {
    const heads = [0xff, 0xfe, 0x4f, 0x48, 0x46]
    const hostile = FastCheck.array(
      FastCheck.oneof(FastCheck.constantFrom(...heads), FastCheck.integer({ max: 255, min: 0 })),
      { maxLength: 200 }
    )
    FastCheck.assert(
      FastCheck.property(hostile, (bytes) => {
        expect(JournalScan.scan([Uint8Array.from(bytes)], crc32).frames.size).toBe(0)
      })
    )
  })

  it("takes a frame that says of itself that it is longer, or holds what is no operation", () => {
    const sign = (frame: Uint8Array): Uint8Array => {
      const view = new DataView(frame.buffer)
      const payload = frame.subarray(HEAD_BYTES, Math.min(frame.length, HEAD_BYTES + view.getUint32(4, true)))
      view.setUint32(16, crc32(payload, crc32(frame.subarray(8, 16))), true)
      view.setUint32(20, crc32(frame.subarray(0, 20)), true)
      return frame
    }
    const changes: ReadonlyArray<readonly [at: number, value: number]> = [
      [4, 0xffffffff], // length of the payload
      [HEAD_BYTES, 7], // kind
      [HEAD_BYTES + 1, 0xffffffff], // length of the key
      [HEAD_BYTES + 5, 0xffffffff], // key
      [HEAD_BYTES + 8, 0xffffffff] // length of the value
    ]
    for (const [at, value] of changes) {
      const frame = frameOf([{ key: "key", value: "text" }], 6)
      new DataView(frame.buffer).setUint32(at, value, true)
      const { frames, highest } = JournalScan.scan([sign(frame)], crc32)
      expect({ frames, highest }, `at ${at}`).toEqual({ frames: new Map(), highest: 6 })
    }
  })

  it("says where the writing of each file ended, before what a write that was cut short and an earlier use of it left", () => {
    const numbered = (n: number) => frameOf([{ key: "k", value: "x".repeat(n) }], n)
    const written = joined(numbered(7), numbered(8))
    const cutShort = numbered(9).subarray(0, HEAD_BYTES)
    const used = joined(written, cutShort, numbered(4), numbered(5), new Uint8Array(64))
    expect(JournalScan.scan([used, new Uint8Array(32)], crc32).files).toEqual([
      { endBytes: written.length, frames: 2, last: 8, sizeBytes: used.length },
      { endBytes: 0, frames: 0, last: 0, sizeBytes: 32 }
    ])
  })
})

describe("the checksum of bytes", () => {
  it("is that of zlib, also of bytes that follow others", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array(), FastCheck.uint8Array(), (before, after) => {
        expect(crc32(joined(before, after))).toBe(zlib.crc32(joined(before, after)))
        expect(crc32(after, crc32(before))).toBe(zlib.crc32(joined(before, after)))
      })
    )
  })
})
