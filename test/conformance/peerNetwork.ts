/** The rules that every implementation of {@link PeerNetwork} keeps, between two peers that can reach each other. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Busy } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { PeerNetworkService, PeerProtocol } from "../../services/PeerNetwork.ts"
import { type ConformanceCase, expectEqual, expectFailure, expectTrue } from "./Conformance.ts"

/** Two peers of one network, and one that is not there. */
export class TwoPeers extends Context.Tag("optimystic/conformance/TwoPeers")<
  TwoPeers,
  { readonly asking: PeerNetworkService; readonly answering: PeerNetworkService; readonly absent: PeerId }
>() {}

type PeerCase = ConformanceCase<TwoPeers>

const MAX_BYTES = 4_096
const SHOUTS = 64
const CONVERSATIONS = 200
const HUGE_CHARACTERS = 2_000_000

/** Each case speaks a protocol of its own, so that all may run on one network. */
const protocolOf = (name: string): PeerProtocol<{ readonly text: string }, { readonly shouted: string }> => ({
  answer: Schema.Struct({ shouted: Schema.String }) as PeerProtocol<never, { readonly shouted: string }>["answer"],
  maxAnswerBytes: MAX_BYTES,
  maxQuestionBytes: MAX_BYTES,
  name,
  question: Schema.Struct({ text: Schema.String }) as PeerProtocol<{ readonly text: string }, never>["question"]
})

type Shouting = ReturnType<typeof protocolOf>

const rule = (
  name: string,
  check: (peers: TwoPeers["Type"], protocol: Shouting) => Effect.Effect<void, unknown, Scope.Scope>
): PeerCase => ({
  name,
  check: Effect.scoped(Effect.flatMap(TwoPeers, (peers) => check(peers, protocolOf(name.replaceAll(/\W+/g, "-")))))
})

const shout = (_from: PeerId, { text }: { readonly text: string }) => Effect.succeed({ shouted: text.toUpperCase() })

/** The same protocol with room for huge messages. */
const roomy = (protocol: Shouting): Shouting => ({
  ...protocol,
  maxAnswerBytes: 4 * HUGE_CHARACTERS,
  maxQuestionBytes: 4 * HUGE_CHARACTERS
})

/** What a fiber of the asking peer has in hand. */
const inHand = FiberRef.unsafeMake("nothing")

/** What holds of any network of peers. */
export const peerNetwork: ReadonlyArray<PeerCase> = [
  rule("a question is answered by the peer that was asked", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, shout)
      const answer = yield* asking.ask(protocol, answering.self, { text: "grüße \u2028 \u{1f600}" })
      yield* expectEqual(answer, { shouted: "GRÜSSE \u2028 \u{1f600}" }, "the answer")
    })
  ),
  rule("who asks is known from the connection", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, (from) => Effect.succeed({ shouted: from }))
      const { shouted } = yield* asking.ask(protocol, answering.self, { text: "who am I?" })
      yield* expectEqual(shouted, asking.self, "who asked")
    })
  ),
  rule("many questions at once get each its own answer", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, (from, question) => Effect.zipRight(Effect.yieldNow(), shout(from, question)))
      const numbers = Array.from({ length: SHOUTS }, (_, i) => i)
      const answers = yield* Effect.forEach(
        numbers,
        (i) => asking.ask(protocol, answering.self, { text: `number ${i}` }),
        { concurrency: "unbounded" }
      )
      yield* expectEqual(
        answers,
        numbers.map((i) => ({ shouted: `NUMBER ${i}` })),
        "the answers"
      )
    })
  ),
  rule("a peer that is not there is unreachable", ({ absent, asking }, protocol) =>
    Effect.gen(function* () {
      const error = yield* expectFailure(
        asking.ask(protocol, absent, { text: "anybody?" }),
        "PeerUnreachable",
        "asking nobody"
      )
      yield* expectEqual(error.peer, absent, "who is unreachable")
    })
  ),
  rule("a peer answers no more once its scope is closed", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* Effect.scoped(answering.serve(protocol, shout))
      yield* expectFailure(asking.ask(protocol, answering.self, { text: "hello" }), "PeerUnreachable", "asking then")
    })
  ),
  rule("a question that is too large is not sent", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, shout)
      const text = "x".repeat(MAX_BYTES)
      const error = yield* expectFailure(asking.ask(protocol, answering.self, { text }), "LimitExceeded", "asking it")
      yield* expectTrue(error.actual > MAX_BYTES, "its size is told")
    })
  ),
  rule("an answer that is too large fails, and the next is given", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, (from, { text }) =>
        text === "all" ? Effect.succeed({ shouted: "x".repeat(MAX_BYTES) }) : shout(from, { text })
      )
      yield* expectFailure(asking.ask(protocol, answering.self, { text: "all" }), "PeerUnreachable", "asking for all")
      yield* expectEqual(yield* asking.ask(protocol, answering.self, { text: "one" }), { shouted: "ONE" }, "the next")
    })
  ),
  rule("a peer says that it is busy", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, () => new Busy({ what: "the shouter" }))
      const error = yield* expectFailure(asking.ask(protocol, answering.self, { text: "?" }), "Busy", "asking it")
      yield* expectEqual(error.what, "the shouter", "what is busy")
    })
  ),
  rule("of what goes wrong inside a peer nothing is told", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, () => Effect.die(new Error("a secret")))
      const error = yield* expectFailure(
        asking.ask(protocol, answering.self, { text: "?" }),
        "PeerUnreachable",
        "asking one that dies"
      )
      yield* expectTrue(!error.message.includes("secret"), "its message is its own")
    })
  ),
  rule("a question of another shape is refused", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, shout)
      const other: PeerProtocol<{ readonly words: number }, { readonly shouted: string }> = {
        ...protocol,
        question: Schema.Struct({ words: Schema.Number }) as PeerProtocol<{ readonly words: number }, never>["question"]
      }
      yield* expectFailure(asking.ask(other, answering.self, { words: 3 }), "PeerMisbehaved", "asking it")
    })
  ),
  rule("an answer of another shape is not believed", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const other: PeerProtocol<{ readonly text: string }, { readonly words: number }> = {
        ...protocol,
        answer: Schema.Struct({ words: Schema.Number }) as PeerProtocol<never, { readonly words: number }>["answer"]
      }
      yield* answering.serve(other, () => Effect.succeed({ words: 3 }))
      const error = yield* expectFailure(
        asking.ask(protocol, answering.self, { text: "?" }),
        "PeerMisbehaved",
        "asking it"
      )
      yield* expectEqual(error.peer, answering.self, "who misbehaved")
    })
  ),
  rule("who gives a question up ends its answering", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      yield* answering.serve(protocol, () =>
        Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
        )
      )
      const fiber = yield* Effect.fork(asking.ask(protocol, answering.self, { text: "for ever?" }))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(ended)
    })
  ),
  rule("a question that was given up holds no other up", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      yield* answering.serve(protocol, (from, question) =>
        question.text === "for ever"
          ? Effect.zipRight(Deferred.succeed(begun, undefined), Effect.never)
          : shout(from, question)
      )
      const fiber = yield* Effect.fork(asking.ask(protocol, answering.self, { text: "for ever" }))
      yield* Deferred.await(begun)
      yield* Fiber.interrupt(fiber)
      const answer = yield* asking.ask(protocol, answering.self, { text: "next" })
      yield* expectEqual(answer, { shouted: "NEXT" }, "the next answer")
    })
  ),
  rule("a slow answer holds no quick one up: answers come in any order", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const [begun, goOn] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      yield* answering.serve(protocol, (from, question) =>
        question.text === "slow"
          ? Effect.zipRight(
              Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(goOn)),
              shout(from, question)
            )
          : shout(from, question)
      )
      const slow = yield* Effect.fork(asking.ask(protocol, answering.self, { text: "slow" }))
      yield* Deferred.await(begun)
      yield* expectEqual(yield* asking.ask(protocol, answering.self, { text: "quick" }), { shouted: "QUICK" }, "quick")
      yield* Deferred.succeed(goOn, undefined)
      yield* expectEqual(yield* Fiber.join(slow), { shouted: "SLOW" }, "slow")
    })
  ),
  rule("peers ask each other at once", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const [one, other] = [asking, answering]
      for (const peer of [one, other]) yield* peer.serve(protocol, shout)
      const numbers = Array.from({ length: CONVERSATIONS }, (_, i) => i)
      const ask = (from: PeerNetworkService, to: PeerNetworkService) => (i: number) =>
        Effect.map(from.ask(protocol, to.self, { text: `number ${i}` }), ({ shouted }) => shouted)
      const all = (from: PeerNetworkService, to: PeerNetworkService) =>
        Effect.forEach(numbers, ask(from, to), { concurrency: SHOUTS })
      const answers = yield* Effect.all([all(one, other), all(other, one)], { concurrency: "unbounded" })
      const expected = numbers.map((i) => `NUMBER ${i}`)
      yield* expectEqual(answers, [expected, expected], "the answers")
    })
  ),
  rule("huge messages arrive whole, and small ones beside them", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const wide = roomy(protocol)
      yield* answering.serve(wide, shout)
      const huge = `${'ab\u00e9\n"'.repeat(HUGE_CHARACTERS / 5)}.`
      const [answer, small] = yield* Effect.all(
        [asking.ask(wide, answering.self, { text: huge }), asking.ask(wide, answering.self, { text: "small" })],
        { concurrency: "unbounded" }
      )
      yield* expectTrue(answer.shouted === huge.toUpperCase(), "the huge answer is whole")
      yield* expectEqual(small, { shouted: "SMALL" }, "the small answer")
    })
  ),
  rule("a protocol that is answered anew is answered by the new handler", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      const said = (shouted: string) => () => Effect.succeed({ shouted })
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* answering.serve(protocol, said("old"))
          yield* asking.ask(protocol, answering.self, { text: "?" })
        })
      )
      yield* answering.serve(protocol, said("new"))
      const answer = yield* asking
        .ask(protocol, answering.self, { text: "?" })
        .pipe(Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 50 }))
      yield* expectEqual(answer, { shouted: "new" }, "the answer")
    })
  ),
  rule("a peer may ask itself", ({ answering }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, (from, { text }) => Effect.succeed({ shouted: `${from} ${text}` }))
      const answer = yield* answering.ask(protocol, answering.self, { text: "me" })
      yield* expectEqual(answer, { shouted: `${answering.self} me` }, "the answer")
    })
  ),
  rule("nothing but messages passes from one peer to the other", ({ answering, asking }, protocol) =>
    Effect.gen(function* () {
      yield* answering.serve(protocol, () => Effect.map(FiberRef.get(inHand), (shouted) => ({ shouted })))
      const asked = asking.ask(protocol, answering.self, { text: "what have I?" })
      yield* expectEqual(yield* Effect.locally(asked, inHand, "a secret"), { shouted: "nothing" }, "what it sees")
    })
  )
]
