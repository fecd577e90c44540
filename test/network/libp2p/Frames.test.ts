import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import {
  encodeFrame,
  type Frame,
  FrameError,
  FrameReader,
  type FrameReaderOptions,
  MAX_HEAD_BYTES
} from "../../../layers/network/libp2p/Frames.ts"

const MAX_BYTES = 10_000

/** A reader, what it read, and how much room it holds. */
const reading = (options: Partial<FrameReaderOptions> & { readonly room?: number } = {}) => {
  const frames: Array<Frame> = []
  const held = { bytes: 0, most: 0 }
  const reader = new FrameReader({
    giveBack: (bytes) => {
      held.bytes -= bytes
    },
    maxBytes: MAX_BYTES,
    onFrame: (frame) => frames.push(frame),
    take: (bytes) => {
      if (held.bytes + bytes > (options.room ?? Number.POSITIVE_INFINITY)) return false
      held.bytes += bytes
      held.most = Math.max(held.most, held.bytes)
      return true
    },
    ...options
  })
  return { frames, held, reader }
}

const prefix = (length: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

const error = (run: () => void): FrameError => {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof FrameError) return thrown
    throw thrown
  }
  throw new Error("nothing was thrown")
}

const heads = FastCheck.record({ id: FastCheck.string(), "": FastCheck.anything() }).map((value) =>
  JSON.stringify(value)
)
const bodies = FastCheck.option(
  FastCheck.jsonValue().map((value) => JSON.stringify(value)),
  { nil: undefined }
)

describe("Frames", () => {
  it("however they are cut on their way, the same frames arrive, and nothing is held of them but what they say", () => {
    const sent = FastCheck.array(FastCheck.tuple(heads, bodies), { maxLength: 6 })
    FastCheck.assert(
      FastCheck.property(sent, FastCheck.array(FastCheck.integer({ max: 200, min: 1 })), (messages, cuts) => {
        const { frames, held, reader } = reading()
        const all = Buffer.concat(messages.map(([head, body]) => encodeFrame(head, body)))
        let from = 0
        for (const cut of [...cuts, all.length]) {
          reader.read(all.subarray(from, from + cut))
          from += cut
        }
        expect(frames.map(({ body, head }) => [head, body])).toEqual(messages)
        expect(held.bytes).toBe(frames.reduce((sum, { bytes }) => sum + bytes, 0))
        expect(reader.isAmid).toBe(false)
      })
    )
  })

  it("a frame that claims too much is refused by its length alone", () => {
    const { held, reader } = reading()
    const refused = error(() => reader.read(prefix(MAX_BYTES + 1)))
    expect([refused.event, held.most]).toEqual(["FrameTooLarge", 0])
    expect(error(() => reading().reader.read(prefix(2 ** 32 - 1))).event).toBe("FrameTooLarge")
  })

  it("a claim takes no room: only what came does", () => {
    const { held, reader } = reading()
    reader.read(prefix(MAX_BYTES))
    reader.read(new Uint8Array(10))
    expect([held.bytes, reader.isAmid]).toEqual([10, true])
    reader.close()
    expect(held.bytes).toBe(0)
  })

  it("an empty frame, and a head without end, are malformed", () => {
    expect(error(() => reading().reader.read(prefix(0))).event).toBe("MalformedFrame")
    const endless = encodeFrame("x".repeat(MAX_HEAD_BYTES + 1))
    expect(error(() => reading().reader.read(endless)).event).toBe("MalformedFrame")
  })

  it("where there is no room for a body its head is heard all the same, and so is the next frame", () => {
    for (const step of [1, 7, 100_000]) {
      const { frames, held, reader } = reading({ room: 500 })
      const all = Buffer.concat([encodeFrame("first", "x".repeat(5_000)), encodeFrame("second", "y")])
      for (let from = 0; from < all.length; from += step) reader.read(all.subarray(from, from + step))
      expect(frames.map(({ body, head, isShed }) => [head, body, isShed])).toEqual([
        ["first", undefined, true],
        ["second", "y", false]
      ])
      expect(held.bytes).toBe("second\ny".length)
      expect(held.most).toBeLessThanOrEqual(500)
    }
  })

  it("nothing is read after it was closed, not even of the piece that is being read", () => {
    const { frames, reader } = reading()
    const closing: FrameReader = new FrameReader({
      giveBack: () => {},
      maxBytes: MAX_BYTES,
      onFrame: (frame) => {
        frames.push(frame)
        closing.close()
      },
      take: () => true
    })
    closing.read(Buffer.concat([encodeFrame("one"), encodeFrame("two")]))
    reader.close()
    reader.read(encodeFrame("three"))
    expect(frames.map(({ head }) => head)).toEqual(["one"])
  })
})
