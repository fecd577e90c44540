/** Peers that answer what nobody answers: a typed error for who asked, and nothing for others. */

import { expect, layer } from "@effect/vitest"
import type { Stream } from "@libp2p/interface"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { encodeFrame, FrameReader } from "../../../layers/network/libp2p/Frames.ts"
import { answerHead } from "../../../layers/network/libp2p/RpcHead.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { network } from "../../storage/TestServices.ts"
import { hostileFrame } from "./hostileFrames.ts"
import { hostOf, introduce, networkOf, type Peer, peerOn } from "./nodes.ts"

const MAX_BYTES = 100_000

const echo: PeerProtocol<string, { readonly text: string }> = {
  answer: Schema.Struct({ text: Schema.String }) as PeerProtocol<string, { readonly text: string }>["answer"],
  maxAnswerBytes: MAX_BYTES,
  maxQuestionBytes: MAX_BYTES,
  name: "echo",
  question: Schema.String as PeerProtocol<string, never>["question"]
}

class Scene extends Context.Tag("test/AnsweringScene")<
  Scene,
  {
    readonly asking: Peer
    readonly honest: Peer
    readonly hostile: Peer
    readonly answering: (answer: Answer) => Effect.Effect<void>
  }
>() {}

const scene = Layer.scoped(
  Scene,
  Effect.gen(function* () {
    const options = {
      // A peer that broke a stream is asked again at once, for the sake of the next test.
      backOff: Schedule.spaced("1 millis"),
      limits: { idleMillis: 400, maxBytes: 4 * MAX_BYTES, maxBytesPerPeer: 2 * MAX_BYTES, stallMillis: 400 }
    }
    const asking = yield* peerOn(111, options)
    const [hostile, honest] = yield* Effect.forEach([112, 113], (seed) => peerOn(seed))
    for (const other of [hostile!, honest!]) yield* introduce(asking, other)
    yield* networkOf(honest!).serve(echo, (_from, text) => Effect.succeed({ text }))
    return { answering: yield* hostileAnswers(hostile!), asking, honest: honest!, hostile: hostile! }
  })
)

/** What the hostile peer makes of a question: it is given the stream, and the number of the question on it. */
type Answer = (stream: Stream, id: string) => void

/** Has the hostile peer answer by what it likes, now and later. */
const hostileAnswers = (hostile: Peer) => {
  let current: Answer = () => {}
  const take = (stream: Stream): void => {
    const reader = new FrameReader({
      giveBack: () => {},
      maxBytes: MAX_BYTES,
      onFrame: ({ head }) => {
        const message = JSON.parse(head) as { readonly id?: string }
        if (message.id !== undefined && stream.status === "open") current(stream, message.id)
      },
      take: () => true
    })
    stream.addEventListener("message", ({ data }) => reader.read(data.subarray()))
  }
  return Effect.as(
    Effect.promise(() => hostOf(hostile).node.handle(protocolId(network, echo.name), take)),
    (answer: Answer) =>
      Effect.sync(() => {
        current = answer
      })
  )
}

const json = (value: unknown) => encodeFrame(JSON.stringify(value))
const failing = (requestId: unknown, cause: unknown) =>
  json({ _tag: "Exit", exit: { _tag: "Failure", cause }, requestId })

/** What is answered, and what who asked is told. */
const answers: ReadonlyArray<readonly [what: string, bytes: (id: string) => Uint8Array, tag: string]> = [
  ["garbage", () => Buffer.from("{{{{ no frame at all {{{{"), "PeerMisbehaved"],
  ["JSON that is null", () => encodeFrame("null"), "PeerMisbehaved"],
  ["an empty frame", () => Buffer.alloc(4), "PeerMisbehaved"],
  ["a frame that is too large", () => Buffer.from([0xff, 0xff, 0xff, 0xff]), "PeerMisbehaved"],
  ["an answer without a body", (id) => encodeFrame(answerHead(id)), "PeerMisbehaved"],
  ["an answer of another shape", (id) => encodeFrame(answerHead(id), '{"text":1}'), "PeerMisbehaved"],
  ["an answer that is no JSON", (id) => encodeFrame(answerHead(id), "{"), "PeerMisbehaved"],
  ["an answer that nests deep", (id) => encodeFrame(answerHead(id), "[".repeat(50_000)), "PeerMisbehaved"],
  ["an answer to another question", () => encodeFrame(answerHead("999999999"), '{"text":""}'), "PeerMisbehaved"],
  ["an id that is no number", () => failing("abc", { _tag: "Fail", error: { _tag: "Failed" } }), "PeerMisbehaved"],
  ["an error that is none of ours", (id) => failing(id, { _tag: "Fail", error: { _tag: "Zed" } }), "PeerMisbehaved"],
  ["a defect of one question", (id) => failing(id, { _tag: "Die", defect: "evil" }), "PeerMisbehaved"],
  ["an interruption", (id) => failing(id, { _tag: "Interrupt", fiberId: { _tag: "None" } }), "PeerMisbehaved"],
  ["a defect of all questions", () => json({ _tag: "Defect", defect: "evil" }), "PeerMisbehaved"],
  ["an error of a client", () => json({ _tag: "ClientProtocolError", error: { reason: 1 } }), "PeerMisbehaved"],
  ["a piece of a stream", (id) => json({ _tag: "Chunk", requestId: id, values: [1] }), "PeerMisbehaved"],
  ["that it is busy", (id) => failing(id, { _tag: "Fail", error: { _tag: "Busy", what: "it" } }), "Busy"],
  ["that it failed", (id) => failing(id, { _tag: "Fail", error: { _tag: "Failed" } }), "PeerUnreachable"]
]

const outcome = (asking: Peer, other: Peer) =>
  networkOf(asking)
    .ask(echo, hostOf(other).self, "?")
    .pipe(
      Effect.either,
      Effect.timeout("10 seconds"),
      Effect.exit,
      Effect.map((exit) =>
        Exit.isFailure(exit) ? "a defect" : Either.isLeft(exit.value) ? exit.value.left._tag : exit.value.right.text
      )
    )

/** Asks until the peer is no longer left alone for what it did before. */
const askAgain = (asking: Peer, hostile: Peer) => Effect.delay(outcome(asking, hostile), "5 millis")

layer(scene, { excludeTestServices: true })("Hostile answerers", (it) => {
  it.effect("whatever is answered, who asked is told by a typed error, and others are answered (measured fact 2)", () =>
    Effect.gen(function* () {
      const { answering, asking, honest, hostile } = yield* Scene
      const told: Array<readonly [string, string]> = []
      for (const [what, bytes] of answers) {
        yield* answering((stream, id) => stream.send(bytes(id)))
        told.push([what, yield* askAgain(asking, hostile)])
        expect(yield* outcome(asking, honest)).toBe("?")
      }
      expect(told).toEqual(answers.map(([what, , tag]) => [what, tag]))
    })
  )

  it.effect("200 drawn answers are typed errors, each", () =>
    Effect.gen(function* () {
      const { answering, asking, honest, hostile } = yield* Scene
      const prng = Prng.make("hostile answers")
      yield* answering((stream) => {
        stream.send(hostileFrame(prng, '{"text":""}').bytes)
        // What is half a frame is no answer yet: the next one makes it whole, or the stream ends.
        stream.send(encodeFrame("}"))
      })
      const told = new Map<string, number>()
      for (let i = 0; i < 200; i++) {
        const tag = yield* askAgain(asking, hostile)
        told.set(tag, (told.get(tag) ?? 0) + 1)
      }
      expect([...told.keys()].filter((tag) => tag !== "PeerMisbehaved" && tag !== "PeerUnreachable")).toEqual([])
      expect(told.get("PeerMisbehaved")).toBeGreaterThan(150)
      expect(yield* outcome(asking, honest)).toBe("?")
    })
  )

  it.effect("one bad answer fails all questions of its stream, once, and the next question is asked anew", () =>
    Effect.gen(function* () {
      const { answering, asking, hostile } = yield* Scene
      let asked = 0
      yield* answering((stream) => {
        if (++asked === 20) stream.send(encodeFrame("null"))
      })
      const all = yield* Effect.forEach(Array.from({ length: 20 }), () => outcome(asking, hostile), {
        concurrency: "unbounded"
      })
      expect(all).toEqual(Array.from({ length: 20 }, () => "PeerMisbehaved"))
      yield* answering((stream, id) => stream.send(encodeFrame(answerHead(id), '{"text":"now"}')))
      expect(yield* askAgain(asking, hostile)).toBe("now")
    })
  )

  it.effect("an answer to what was given up is no lie; a second one is", () =>
    Effect.gen(function* () {
      const { answering, asking, hostile } = yield* Scene
      const streams = new Map<string, Stream>()
      yield* answering((stream, id) => streams.set(id, stream))
      const given = networkOf(asking).ask(echo, hostOf(hostile).self, "?").pipe(Effect.timeoutOption("50 millis"))
      yield* Effect.delay(given, "5 millis")
      const [[id, stream]] = [...streams] as [[string, Stream]]
      const answer = encodeFrame(answerHead(id), '{"text":"late"}')
      stream.send(answer)
      yield* Effect.sleep(50)
      expect(stream.status).toBe("open")
      stream.send(answer)
      yield* Effect.sleep(100)
      expect(stream.status).not.toBe("open")
    })
  )

  it.effect("half an answer is waited for, and then its peer is hung up on", () =>
    Effect.gen(function* () {
      const { answering, asking, hostile } = yield* Scene
      yield* answering((stream, id) => stream.send(encodeFrame(answerHead(id), '{"text":""}').subarray(0, 20)))
      expect(yield* askAgain(asking, hostile)).toBe("PeerMisbehaved")
      expect((yield* hostOf(asking).counts).HalfFrame).toBe(1)
    })
  )

  it.effect("a stream that is not used is closed by whoever asked, and opened by the next question", () =>
    Effect.gen(function* () {
      const { asking, honest } = yield* Scene
      const open = () =>
        hostOf(asking)
          .node.getConnections()
          .flatMap(({ streams }) => streams)
          .filter(({ protocol }) => protocol === protocolId(network, echo.name)).length
      expect(yield* outcome(asking, honest)).toBe("?")
      expect(open()).toBeGreaterThan(0)
      yield* Effect.sleep("1500 millis")
      expect(open()).toBe(0)
      expect(yield* outcome(asking, honest)).toBe("?")
    })
  )
})
