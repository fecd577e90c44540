/** What is taken for messages and questions is given back, whatever comes of them. */
import { describe, expect, it } from "@effect/vitest"
import type { Stream } from "@libp2p/interface"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { Allowance } from "../../../layers/network/libp2p/Allowance.ts"
import * as Answering from "../../../layers/network/libp2p/Answering.ts"
import * as Asking from "../../../layers/network/libp2p/Asking.ts"
import { encodeFrame } from "../../../layers/network/libp2p/Frames.ts"
import { interruptHead, questionHead } from "../../../layers/network/libp2p/RpcHead.ts"
import type { Shared } from "../../../layers/network/libp2p/Shared.ts"
import { WireEvents } from "../../../layers/network/libp2p/WireEvents.ts"
import { defaultWireLimits } from "../../../layers/network/libp2p/WireLimits.ts"
import { PeerMisbehaved } from "../../../schemas/Errors.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { signerOf } from "../../storage/TestServices.ts"
import { fakeStreams } from "./fakeStreams.ts"
import { hostileFrame } from "./hostileFrames.ts"

const STREAMS = 300
const FRAMES_PER_STREAM = 12
const MAX_BYTES = 100_000
const [self, peer] = [signerOf(1).peer, signerOf(2).peer]

const shared = Effect.map(Effect.runtime<never>(), (runtime): Shared => {
  const limits = { ...defaultWireLimits, maxQuestionsPerStream: 5 }
  return {
    bytes: new Allowance(500_000, 500_000),
    events: new WireEvents(runtime),
    limits,
    open: new Set(),
    questions: new Allowance(6, 6),
    streams: new Allowance(3, 3)
  }
})

const held = ({ bytes, open, questions, streams }: Shared) => [bytes.total, questions.total, streams.total, open.size]

/** Sends frames of all kinds, in pieces, and hangs up in the midst of one. */
const hostility = (prng: Prng.Prng, stream: Stream): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let i = 0; i < FRAMES_PER_STREAM && stream.status === "open"; i++) {
      const honest = encodeFrame(
        questionHead(String(prng.nextInt(30))),
        JSON.stringify("x".repeat(prng.nextInt(40_000)))
      )
      const given = encodeFrame(interruptHead(String(prng.nextInt(30))))
      const bytes = prng.nextInt(8) > 0 ? prng.pick([honest, honest, given]) : hostileFrame(prng, '{"text":""}').bytes
      for (let from = 0; from < bytes.length && stream.status === "open"; ) {
        const to = from + 1 + prng.nextInt(bytes.length)
        stream.send(bytes.subarray(from, to))
        from = to
      }
      if (prng.nextInt(3) === 0) yield* Effect.sleep(1)
    }
    stream.abort(new Error("done"))
  })

describe("What is taken from allowances", () => {
  it.scopedLive("of those who ask is given back once they are gone", () =>
    Effect.gen(function* () {
      const all = yield* shared
      const handler = (_from: unknown, text: string) => {
        if (text.length % 3 === 0) return Effect.never
        if (text.length % 3 === 1) return new PeerMisbehaved({ peer, reason: "no question" })
        return Effect.succeed(text)
      }
      const accept = yield* Answering.make(all, MAX_BYTES, handler)
      const prng = Prng.make("allowances")
      for (let i = 0; i < STREAMS; i++) {
        const [one, other] = fakeStreams(i % 3 === 0)
        accept(other, peer)
        yield* hostility(prng, one)
        expect(held(all)).toEqual([0, 0, 0, 0])
      }
      expect(Object.keys(all.events.counts)).toEqual(
        expect.arrayContaining(["DuplicateQuestion", "MalformedFrame", "MalformedQuestion", "TooManyQuestions"])
      )
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )

  it.scopedLive("for those who answer is given back, too", () =>
    Effect.gen(function* () {
      const all = yield* shared
      const prng = Prng.make("allowances of answers")
      const tags = new Set<string>()
      for (let i = 0; i < STREAMS; i++) {
        const [other, one] = fakeStreams(i % 3 === 0)
        const options = { maxAnswerBytes: MAX_BYTES, onAnswer: () => {}, onClosed: () => {}, peer, self, stream: one }
        yield* Effect.scoped(
          Effect.gen(function* () {
            const asking = yield* Asking.make(all, options)
            const ask = asking
              .ask("x".repeat(prng.nextInt(40_000)))
              .pipe(Effect.timeoutOption(prng.nextInt(2) === 0 ? "2 millis" : "1 second"), Effect.either)
            const asked = Effect.forEach([1, 2, 3, 4], () => ask, { concurrency: "unbounded" })
            const [answers] = yield* Effect.all([asked, Effect.delay(hostility(prng, other), 1)], {
              concurrency: "unbounded"
            })
            for (const answer of answers) tags.add(answer._tag === "Left" ? answer.left._tag : answer.right._tag)
          })
        )
        expect(held(all)).toEqual([0, 0, 0, 0])
      }
      expect([...tags].filter((tag) => !["None", "PeerMisbehaved", "PeerUnreachable"].includes(tag))).toEqual([])
      expect(tags).toContain("PeerMisbehaved")
    }).pipe(Effect.provide(Logger.remove(Logger.defaultLogger)))
  )
})
