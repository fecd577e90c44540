import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { MalformedLine } from "../../cli/failure.ts"
import { linesOf, MAX_LINE_BYTES, parseLine } from "../../cli/JsonLines.ts"

async function* chunksOf(bytes: Uint8Array, sizes: ReadonlyArray<number>) {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const collect = async (bytes: Uint8Array, sizes: ReadonlyArray<number>) => {
  const found: Array<readonly [number, string]> = []
  for await (const { bytes: line, number } of linesOf(chunksOf(bytes, sizes))) {
    found.push([number, Buffer.from(line).toString()])
  }
  return found
}

const reasonOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedLine) return error.message
    throw error
  }
  return ""
}

describe("JSON lines", () => {
  it("lines are those of the text, however it comes in chunks", async () => {
    const text = FastCheck.array(FastCheck.constantFrom("\n", "a", "ö", "\r\n", "bc"), { maxLength: 40 })
    const sizes = FastCheck.array(FastCheck.integer({ max: 7, min: 1 }), { maxLength: 5, minLength: 1 })
    await FastCheck.assert(
      FastCheck.asyncProperty(text, sizes, async (parts, sizes) => {
        const whole = parts.join("")
        const expected = whole.split("\n")
        if (expected.at(-1) === "") expected.pop()
        const found = await collect(Buffer.from(whole), sizes)
        expect(found).toEqual(expected.map((line, i) => [i + 1, line]))
      })
    )
  })

  it("a line that is too long is refused before it fills the memory", async () => {
    const endless = async function* () {
      yield Buffer.from("1\n")
      for (;;) yield Buffer.alloc(64 * 1024, "x")
    }
    const lines = linesOf(endless())
    await lines.next()
    await expect(lines.next()).rejects.toThrow(`line 2: it is longer than ${MAX_LINE_BYTES} bytes`)
  })

  it("a line that is no JSON, or no UTF-8, is refused with its number; a blank one is nothing", () => {
    const lineOf = (...bytes: ReadonlyArray<number>) => ({ bytes: Uint8Array.from(bytes), number: 7 })
    const textLine = (text: string) => lineOf(...Buffer.from(text))
    expect(parseLine(textLine(' {"a":[1,null]}\r'))).toEqual({ a: [1, null] })
    expect(parseLine(textLine(" \r"))).toBeUndefined()
    expect(reasonOf(() => parseLine(textLine("{")))).toMatch(/^line 7: it is not JSON/)
    expect(reasonOf(() => parseLine(lineOf(0x22, 0xff, 0x22)))).toBe("line 7: it is not UTF-8")
  })
})
