/** Texts of one JSON value per line, read in bounded memory. */
import type { Json } from "../schemas/Json.ts"
import { MalformedLine } from "./failure.ts"

/** A line, without its end. They are numbered from 1. */
export interface Line {
  readonly number: number
  readonly bytes: Uint8Array
}

/** The largest entry and its key, with every character escaped, are shorter. */
export const MAX_LINE_BYTES = 1024 * 1024

const LINE_FEED = 10

/** The lines of a stream of bytes. The last one need not end with a line feed. Raises `MalformedLine` for one that is too long. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void> {
  let number = 0
  let begun: Array<Uint8Array> = []
  let begunBytes = 0
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      number += 1
      const rest = chunk.subarray(start, end)
      yield { bytes: begun.length === 0 ? rest : Buffer.concat([...begun, rest]), number }
      begun = []
      begunBytes = 0
      start = end + 1
    }
    if (start === chunk.length) continue
    begun.push(chunk.subarray(start))
    begunBytes += chunk.length - start
    if (begunBytes > MAX_LINE_BYTES) {
      throw new MalformedLine({ line: number + 1, reason: `it is longer than ${MAX_LINE_BYTES} bytes` })
    }
  }
  if (begun.length > 0) yield { bytes: Buffer.concat(begun), number: number + 1 }
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The value on a line, undefined on a blank one. Raises `MalformedLine`. */
export const parseLine = ({ bytes, number }: Line): Json | undefined => {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new MalformedLine({ line: number, reason: "it is not UTF-8" })
  }
  if (text.trim() === "") return undefined
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    throw new MalformedLine({ line: number, reason: `it is not JSON (${(error as SyntaxError).message})` })
  }
}
