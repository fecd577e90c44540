/** What becomes of questions where peers come and go. */
import { type AddressInfo, createServer } from "node:net"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Libp2pOptions } from "../../../layers/network/libp2p/index.ts"
import { Address } from "../../../schemas/Address.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import { fromNow } from "../../monitor/exposition.ts"
import { network, signerOf } from "../../storage/TestServices.ts"
import { tracerOf } from "../../tracing/tracerOf.ts"
import { acquainted, discoveryOf, hostOf, introduce, networkOf, type Peer, peerLayer, peerOn } from "./nodes.ts"

const protocolOf = (name: string): PeerProtocol<string, string> => ({
  answer: Schema.String as PeerProtocol<string, string>["answer"],
  maxAnswerBytes: 100_000,
  maxQuestionBytes: 100_000,
  name,
  question: Schema.String as PeerProtocol<string, string>["question"]
})
const echo = protocolOf("echo")

const serveEcho = (peer: Peer) => networkOf(peer).serve(echo, (_from, text) => Effect.succeed(text))
const ask = (peer: Peer, other: Peer, text = "?") => networkOf(peer).ask(echo, hostOf(other).self, text)

/** A peer that can be ended before the test is. */
const endablePeer = (seed: number, options?: Partial<Libp2pOptions>) =>
  Effect.gen(function* () {
    const scope = yield* Effect.flatMap(Effect.scope, (outer) => Scope.fork(outer, { _tag: "Sequential" }))
    const peer = yield* Layer.buildWithScope(peerLayer(seed, options), scope)
    yield* Scope.extend(serveEcho(peer), scope)
    return { end: Scope.close(scope, Exit.void), peer }
  })

/** Streams of the protocol that a peer opened. */
const opened = (peer: Peer) =>
  hostOf(peer)
    .node.getConnections()
    .flatMap(({ streams }) => streams)
    .filter(({ direction, protocol }) => protocol === protocolId(network, echo.name) && direction === "outbound").length

describe("A link", () => {
  it.scopedLive("all questions to a peer about a protocol go over one stream, however many are first at once", () =>
    Effect.gen(function* () {
      const [one, other] = yield* acquainted([151, 152])
      yield* serveEcho(other!)
      const numbers = Array.from({ length: 200 }, (_, i) => String(i))
      const answers = yield* Effect.forEach(numbers, (text) => ask(one!, other!, text), { concurrency: "unbounded" })
      expect(answers).toEqual(numbers)
      expect(opened(one!)).toBe(1)
    })
  )

  it.scopedLive(
    "what goes over it is counted, by what is sent and what is received; a question has a span where somebody traces",
    () =>
      Effect.gen(function* () {
        const [one, other] = yield* acquainted([171, 172])
        yield* serveEcho(other!)
        const grown = fromNow()
        const begun: Array<string> = []
        yield* Effect.withTracer(ask(one!, other!, "x".repeat(1_000)), tracerOf(begun))
        expect(begun).toEqual(["PeerNetwork.ask"])
        for (const direction of ["sent", "received"]) {
          // Both ends are of this process.
          expect(grown(`optimystic_wire_messages_total{direction="${direction}"}`)).toBe(2)
          expect(grown(`optimystic_wire_bytes_total{direction="${direction}"}`)).toBeGreaterThan(2_000)
          expect(grown(`optimystic_wire_bytes_total{direction="${direction}"}`)).toBeLessThan(2_300)
        }
      })
  )

  it.scopedLive("who gives up the first question does not give up the stream that others wait for", () =>
    Effect.gen(function* () {
      const [one, other] = yield* acquainted([153, 154])
      yield* serveEcho(other!)
      const first = yield* Effect.fork(ask(one!, other!))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(ask(one!, other!, "second"))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      expect(yield* Fiber.join(second)).toBe("second")
      expect(opened(one!)).toBe(1)
    })
  )

  it.scopedLive("a peer that cannot be reached is left alone for a while, in which questions fail at once", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(155, { backOff: Schedule.spaced("1 hour") })
      const { end, peer } = yield* endablePeer(156)
      yield* introduce(one, peer)
      yield* end
      const failure = yield* Effect.flip(ask(one, peer))
      expect(failure._tag).toBe("PeerUnreachable")
      const started = Date.now()
      for (let i = 0; i < 100; i++) expect((yield* Effect.flip(ask(one, peer))).message).toContain("is left alone")
      expect(Date.now() - started).toBeLessThan(1_000)
      expect((yield* hostOf(one).counts).DialFailed).toBe(1)
    })
  )

  it.scopedLive("once that is over it is tried again, and sooner when there is news of it", () =>
    Effect.gen(function* () {
      const slow = yield* peerOn(157, { backOff: Schedule.spaced("1 hour") })
      const quick = yield* peerOn(158, { backOff: Schedule.spaced("50 millis") })
      const absent = signerOf(159).peer
      for (const peer of [slow, quick]) yield* Effect.flip(networkOf(peer).ask(echo, absent, "?"))
      const { peer: back } = yield* endablePeer(159)
      for (const peer of [slow, quick]) yield* introduce(peer, back)
      const answer = yield* ask(quick, back).pipe(Effect.retry({ schedule: Schedule.spaced("30 millis"), times: 50 }))
      expect(answer).toBe("?")
      expect((yield* Effect.flip(ask(slow, back)))._tag).toBe("PeerUnreachable")
      yield* introduce(back, slow)
      yield* serveEcho(slow)
      expect(yield* ask(back, slow)).toBe("?")
      expect(yield* ask(slow, back)).toBe("?")
    })
  )

  it.scopedLive("a peer that ends fails what it was asked, and is asked again when it is back", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(160, { backOff: Schedule.spaced("20 millis") })
      const { end, peer } = yield* endablePeer(161)
      yield* introduce(one, peer)
      const begun = yield* Deferred.make<void>()
      const patience = protocolOf("patience")
      yield* networkOf(peer).serve(patience, () => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never))
      const asked = yield* Effect.fork(Effect.flip(networkOf(one).ask(patience, hostOf(peer).self, "?")))
      yield* Deferred.await(begun)
      expect(yield* ask(one, peer)).toBe("?")
      yield* end
      expect((yield* Fiber.join(asked))._tag).toBe("PeerUnreachable")
      const { peer: back } = yield* endablePeer(161)
      yield* discoveryOf(one).remember({ addresses: yield* discoveryOf(back).addresses, peer: hostOf(back).self })
      const answer = yield* ask(one, back).pipe(Effect.retry({ schedule: Schedule.spaced("30 millis"), times: 100 }))
      expect(answer).toBe("?")
    })
  )

  it.scopedLive("a node that ends fails what it is about to ask, and whatever it is asked to ask", () =>
    Effect.gen(function* () {
      const one = yield* endablePeer(169, { limits: { dialMillis: 60_000 } })
      const nowhere = createServer(() => {}).listen(0, "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => nowhere.close()))
      yield* Effect.async<void>((resume) => {
        nowhere.once("listening", () => resume(Effect.void))
      })
      const { port } = nowhere.address() as AddressInfo
      const silent = signerOf(170).peer
      yield* discoveryOf(one.peer).remember({
        addresses: [Address.make(`/ip4/127.0.0.1/tcp/${port}`)],
        peer: silent
      })
      const question = Effect.flip(networkOf(one.peer).ask(echo, silent, "?"))
      const asked = yield* Effect.fork(question)
      yield* Effect.sleep("100 millis")
      yield* one.end
      expect((yield* Fiber.join(asked))._tag).toBe("PeerUnreachable")
      expect((yield* question)._tag).toBe("PeerUnreachable")
    })
  )

  it.scopedLive("a handler that ends with its scope fails what it was asked", () =>
    Effect.gen(function* () {
      const [one, other] = yield* acquainted([162, 163])
      const begun = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const never = () => Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
      yield* Scope.extend(networkOf(other!).serve(echo, never), scope)
      const asked = yield* Effect.fork(Effect.flip(ask(one!, other!)))
      yield* Deferred.await(begun)
      yield* Scope.close(scope, Exit.void)
      expect((yield* Fiber.join(asked))._tag).toBe("PeerUnreachable")
    })
  )

  it.scopedLive("beyond so many questions on a stream whoever asks is told Busy, by its own node", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(164, { limits: { maxQuestionsPerStream: 10 } })
      const other = yield* peerOn(165)
      yield* introduce(one, other)
      const begun = yield* Deferred.make<void>()
      let count = 0
      yield* networkOf(other).serve(echo, (_from, text) =>
        Effect.suspend(() => {
          if (text !== "wait") return Effect.succeed(text)
          return ++count === 10 ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never) : Effect.never
        })
      )
      const waiting = yield* Effect.fork(
        Effect.forEach(Array.from({ length: 10 }), () => ask(one, other, "wait"), { concurrency: "unbounded" })
      )
      yield* Deferred.await(begun)
      expect((yield* Effect.flip(ask(one, other)))._tag).toBe("Busy")
      yield* Fiber.interrupt(waiting)
      expect(yield* ask(one, other)).toBe("?")
    })
  )

  it.scopedLive("what has no room among what waits to be sent is Busy, and leaves room once it is sent", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(166, { limits: { maxBytesPerPeer: 50_000 } })
      const other = yield* peerOn(167)
      yield* introduce(one, other)
      yield* networkOf(other).serve(echo, () => Effect.succeed("short"))
      expect((yield* Effect.flip(ask(one, other, "x".repeat(60_000))))._tag).toBe("Busy")
      for (let i = 0; i < 20; i++) expect(yield* ask(one, other, "x".repeat(40_000))).toBe("short")
    })
  )

  it.scopedLive("more peers than can be remembered are Busy, until the first may be forgotten", () =>
    Effect.gen(function* () {
      const one = yield* peerOn(168, { backOff: Schedule.spaced("300 millis"), limits: { maxLinks: 2 } })
      const [first, second, third] = [201, 202, 203].map((seed) => signerOf(seed).peer)
      const failure = (peer: typeof first) =>
        Effect.map(Effect.flip(networkOf(one).ask(echo, peer!, "?")), ({ _tag }) => _tag)
      expect(yield* failure(first)).toBe("PeerUnreachable")
      expect(yield* Effect.all([failure(second), failure(third)], { concurrency: "unbounded" })).toContain("Busy")
      yield* Effect.sleep("800 millis")
      expect(yield* failure(third)).toBe("PeerUnreachable")
    })
  )
})
