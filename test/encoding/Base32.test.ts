import * as FastCheck from "effect/FastCheck"
import { base32 } from "multiformats/bases/base32"
import { describe, expect, it } from "vitest"
import * as Base32 from "../../src/encoding/Base32.ts"

const ascii = (text: string) => new TextEncoder().encode(text)

describe("Base32", () => {
  it("writes the examples of RFC 4648 §10, in lower case and without padding", () => {
    const examples = {
      "": "",
      f: "my",
      fo: "mzxq",
      foo: "mzxw6",
      foob: "mzxw6yq",
      fooba: "mzxw6ytb",
      foobar: "mzxw6ytboi"
    }
    for (const [text, encoded] of Object.entries(examples)) {
      expect(Base32.encode(ascii(text))).toBe(encoded)
      expect(Base32.decode(encoded)).toEqual(ascii(text))
    }
  })

  it("gives back the bytes it wrote, and agrees with multibase", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = Base32.encode(bytes)
        expect(`b${text}`).toBe(base32.encode(bytes))
        expect(text).toHaveLength(Math.ceil((bytes.length * 8) / 5))
        expect(Base32.decode(text)).toEqual(Uint8Array.from(bytes))
      })
    )
  })

  it("reads a text exactly when it writes that text", () => {
    const characters = FastCheck.constantFrom(...Array.from("abcdefghijklmnopqrstuvwxyz234567A=1 é"))
    FastCheck.assert(
      FastCheck.property(FastCheck.array(characters, { maxLength: 12 }), (array) => {
        const text = array.join("")
        const bytes = Base32.decode(text)
        if (bytes !== undefined) expect(Base32.encode(bytes)).toBe(text)
      })
    )
  })

  it("refuses what is not canonical", () => {
    const rejected = ["MY", "my======", "mz", "a", "abc", "abcdef", "m1", "m y", "my\n", "mу", "b".repeat(51)]
    for (const text of rejected) expect(Base32.decode(text), text).toBeUndefined()
  })

  it("gives each 32 bytes one text: of the last character's bits, four must be zero", () => {
    const text = Base32.encode(new Uint8Array(32).fill(0xff))
    const readable = Array.from("abcdefghijklmnopqrstuvwxyz234567").filter(
      (last) => Base32.decode(text.slice(0, -1) + last) !== undefined
    )
    expect(readable).toEqual(["a", "q"])
  })
})
