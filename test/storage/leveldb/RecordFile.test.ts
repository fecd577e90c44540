import { describe, expect, it } from "vitest"
import * as Crc32c from "../../../layers/storage/leveldb/Crc32c.ts"
import * as RecordFile from "../../../layers/storage/leveldb/RecordFile.ts"
import * as Prng from "../../../src/random/Prng.ts"

const BLOCK = 32 * 1024

/** A writer of the format, as its page describes it. */
const write = (records: ReadonlyArray<Uint8Array>) => {
  const parts: Array<Uint8Array> = []
  const ends: Array<number> = []
  let at = 0
  const add = (bytes: Uint8Array) => {
    parts.push(bytes)
    at += bytes.length
  }
  for (const record of records) {
    for (let taken = 0, isFirst = true; isFirst || taken < record.length; isFirst = false) {
      const left = BLOCK - (at % BLOCK)
      if (left < 7) add(new Uint8Array(left))
      const piece = record.subarray(taken, taken + BLOCK - (at % BLOCK) - 7)
      taken += piece.length
      const isLast = taken === record.length
      const typed = Buffer.from([isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3, ...piece])
      const head = Buffer.alloc(6)
      head.writeUInt32LE(Crc32c.masked(Crc32c.extend(0, typed, 0, typed.length)))
      head.writeUInt16LE(piece.length, 4)
      add(Buffer.concat([head, typed]))
      if (isLast) break
    }
    ends.push(at)
  }
  return { bytes: Buffer.concat(parts), ends }
}

/** A scan, whose records are texts: those are compared in no time. */
const scan = (bytes: Uint8Array, position?: number) => {
  const { end, records, rest } = RecordFile.scan(bytes, position)
  return { end, records: textsOf(records), rest }
}
const textsOf = (records: ReadonlyArray<Uint8Array>) => records.map((record) => Buffer.from(record).toString("latin1"))

const random = Prng.make("records")
const records = [3, 0, 40_000, 100, 32_700, 20, 90_000, 5].map((length) => Buffer.from(random.bytes(length)))
const texts = textsOf(records)
const { bytes, ends } = write(records)

describe("RecordFile.scan", () => {
  it("reads every record, in one block or over several", () => {
    expect(scan(bytes)).toEqual({ end: bytes.length, records: texts, rest: "nothing" })
    expect(scan(new Uint8Array(0))).toEqual({ end: 0, records: [], rest: "nothing" })
  })

  it("goes on from the end of any record", () => {
    ends.forEach((end, index) => {
      const found = scan(bytes.subarray(end), end)
      expect(found).toEqual({ end: bytes.length, records: texts.slice(index + 1), rest: "nothing" })
    })
  })

  it("takes a file that is cut off anywhere for one that was being written", () => {
    for (let trial = 0; trial < 200; trial++) {
      const length = random.nextInt(bytes.length)
      const whole = ends.filter((end) => end <= length)
      const { end, rest } = scan(bytes.subarray(0, length))
      expect(end).toBe(whole.at(-1) ?? 0)
      expect(rest).toBe(end === length ? "nothing" : "unfinished")
      if (end === 0) continue
      const grown = Buffer.concat([bytes.subarray(0, end), Buffer.alloc(100)])
      expect(scan(grown)).toMatchObject({ end, rest: "unfinished" })
    }
  })

  it("never reads another record than was written, whatever bit is flipped, and never to the end", () => {
    let damaged = 0
    for (let trial = 0; trial < 400; trial++) {
      const flipped = Buffer.from(bytes)
      // Often in the last record, where a length may reach beyond the end.
      const bit = random.nextInt((trial % 2 === 0 ? bytes.length : 12) * 8)
      flipped[bytes.length - 1 - (bit >> 3)]! ^= 1 << (bit & 7)
      const found = scan(flipped)
      expect(found.records).toEqual(texts.slice(0, found.records.length))
      // The bytes that fill a block mean nothing.
      if (found.records.length < records.length) expect(found.rest).not.toBe("nothing")
      if (found.rest === "damaged") damaged += 1
    }
    expect(damaged).toBeGreaterThan(300)
  })
})
