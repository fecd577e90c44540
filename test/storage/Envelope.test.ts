import * as zlib from "node:zlib"
import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crc32 } from "../../src/storage/Crc32.ts"
import * as Envelope from "../../src/storage/Envelope.ts"

const encodedKey = FastCheck.stringMatching(/^b[a-z2-7]{1,8}!rev!#[0-9]{16}$/)
const value = FastCheck.jsonValue().map((json) => JSON.stringify(json))

const isCorrupt = (opened: Envelope.Opened): boolean => "corrupt" in opened

describe("Envelope", () => {
  it("gives back a value under its key, from a text that is JSON itself", () => {
    FastCheck.assert(
      FastCheck.property(encodedKey, value, (key, value) => {
        const text = Envelope.seal(key, value, crc32)
        expect(Envelope.open(key, text, crc32)).toEqual({ value })
        expect(JSON.parse(text).value).toEqual(JSON.parse(value))
      })
    )
  })

  it("notices every single flipped bit of what is on disk", () => {
    const key = "babc!rev!#0000000000000001"
    for (const value of ["0", '""', '{"text":"é😀\ufffd","n":[1,2.5,null]}']) {
      const bytes = Buffer.from(Envelope.seal(key, value, crc32))
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(isCorrupt(Envelope.open(key, flipped.toString(), crc32)), `bit ${bit}`).toBe(true)
      }
    }
  })

  it("notices a value under another key", () => {
    FastCheck.assert(
      FastCheck.property(encodedKey, encodedKey, value, (key, other, value) => {
        FastCheck.pre(key !== other)
        expect(isCorrupt(Envelope.open(other, Envelope.seal(key, value, crc32), crc32))).toBe(true)
      })
    )
  })

  it("notices a text that was cut, lengthened, or never an envelope", () => {
    const text = Envelope.seal("k", "[1,2,3]", crc32)
    for (let length = 0; length < text.length; length++) {
      expect(isCorrupt(Envelope.open("k", text.slice(0, length), crc32)), `cut to ${length}`).toBe(true)
    }
    for (const other of [`${text} `, `${text}}`, ` ${text}`, "{}", "null", text.toUpperCase()]) {
      expect(isCorrupt(Envelope.open("k", other, crc32)), other).toBe(true)
    }
  })

  it("looks as documented", () => {
    expect(Envelope.seal("a!format!$", '{"format":1}', crc32)).toBe('{"sum":"5ba87282","value":{"format":1}}')
  })
})

describe("crc32", () => {
  it("is zlib's", () => {
    expect(crc32("123456789")).toBe(0xcbf43926)
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(crc32(text)).toBe(zlib.crc32(text))
      })
    )
  })
})
