/** Frames that no honest peer sends, and some that one could have, drawn from a seed. */
import { Buffer } from "node:buffer"
import { encodeFrame } from "../../../layers/network/libp2p/Frames.ts"
import { questionHead } from "../../../layers/network/libp2p/RpcHead.ts"
import type { Prng } from "../../../src/random/Prng.ts"

const MAX_GARBAGE_BYTES = 300
const DEEP = 50_000

const prefixed = (length: number, bytes: Uint8Array): Buffer => {
  const frame = Buffer.alloc(4 + bytes.length)
  frame.writeUInt32BE(length >>> 0)
  frame.set(bytes, 4)
  return frame
}

const garbage = (prng: Prng): Uint8Array => prng.bytes(1 + prng.nextInt(MAX_GARBAGE_BYTES))

/** JSON of any shape, some of it with names that mean something to JavaScript. */
const anyJson = (prng: Prng, depth = 0): unknown => {
  const names = ["_tag", "__proto__", "constructor", "id", "exit", "toString", "length", "ä"]
  switch (prng.nextInt(depth > 3 ? 4 : 6)) {
    case 0:
      return prng.nextInt(1_000) - 500
    case 1:
      return Buffer.from(garbage(prng)).toString("utf8")
    case 2:
      return prng.pick([null, true, false, -0, 1e308, "", "12", "__proto__", "\ud800"])
    case 3:
      return prng.pick(["Request", "Interrupt", "Exit", "Eof", "Ack", "Ping", "Pend", "Read", "BlockAt"])
    case 4:
      return Array.from({ length: prng.nextInt(4) }, () => anyJson(prng, depth + 1))
    default:
      return Object.fromEntries(
        Array.from({ length: prng.nextInt(5) }, () => [prng.pick(names), anyJson(prng, depth + 1)])
      )
  }
}

/** Kinds of frames, each by what it is. */
const kinds: Readonly<Record<string, (prng: Prng, question: string) => Uint8Array>> = {
  "a body of any JSON": (prng) =>
    encodeFrame(questionHead(String(prng.nextInt(1_000_000))), JSON.stringify(anyJson(prng))),
  "a body that is a question with something else in it": (prng, question) => {
    const fields = JSON.parse(question) as Record<string, unknown>
    const name = prng.pick([...Object.keys(fields), "extra", "__proto__"])
    const body = JSON.stringify(Object.assign(Object.create(null), fields, { [name]: anyJson(prng) }))
    return encodeFrame(questionHead(String(prng.nextInt(1_000_000))), body)
  },
  "a body that is cut off": (prng, question) =>
    encodeFrame(questionHead(String(prng.nextInt(1_000_000))), question.slice(0, prng.nextInt(question.length))),
  "a body that nests deep": (prng) =>
    encodeFrame(
      questionHead(String(prng.nextInt(1_000_000))),
      prng.pick(["[", '{"a":', '{"_tag":"Read","blocks":[']).repeat(DEEP)
    ),
  "a head of another kind": (prng) => encodeFrame(JSON.stringify({ _tag: anyJson(prng), id: "1", requestId: "1" })),
  "a head of any JSON": (prng) => encodeFrame(JSON.stringify(anyJson(prng))),
  "a head that nests deep": () => encodeFrame("[".repeat(4_000)),
  "a head with an id that is none": (prng) =>
    encodeFrame(JSON.stringify({ _tag: "Request", id: anyJson(prng), tag: "ask" }), '""'),
  "a head with more than it says": (prng, question) =>
    encodeFrame(
      `{"_tag":"Request","id":"${prng.nextInt(1_000_000)}","__proto__":{"_tag":"Eof"},"tag":"__proto__"}`,
      question
    ),
  "a question without a body": (prng) => encodeFrame(questionHead(String(prng.nextInt(1_000_000)))),
  "an interrupt of nothing": (prng) => encodeFrame(`{"_tag":"Interrupt","requestId":"${prng.nextInt(1_000_000)}"}`),
  "any bytes": (prng) => garbage(prng),
  "any bytes in a frame": (prng) => {
    const bytes = garbage(prng)
    return prefixed(bytes.length, bytes)
  },
  "a huge claim": (prng) => prefixed(2 ** 31 + prng.nextInt(2 ** 31), garbage(prng)),
  "no length": () => prefixed(0, new Uint8Array(0)),
  "text that is no UTF-8": (prng) => {
    const bytes = Buffer.concat([
      Buffer.from(questionHead(String(prng.nextInt(1_000_000)))),
      Buffer.from("\n"),
      garbage(prng)
    ])
    return prefixed(bytes.length, bytes)
  }
}

const names = Object.keys(kinds)

/** A frame, drawn, and what kind of frame it is. */
export const hostileFrame = (prng: Prng, question: string): { readonly kind: string; readonly bytes: Uint8Array } => {
  const kind = prng.pick(names)
  return { bytes: kinds[kind]!(prng, question), kind }
}
