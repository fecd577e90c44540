import { expect, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as MemoryNetwork from "../../layers/network/MemoryNetwork.ts"
import { PeerNetwork, type PeerProtocol } from "../../services/PeerNetwork.ts"
import { peerNetwork, TwoPeers } from "../conformance/peerNetwork.ts"
import { identityOf, signerOf } from "../storage/TestServices.ts"

const peerOn = (hub: MemoryNetwork.MemoryHub, seed: number) =>
  Effect.provide(PeerNetwork, MemoryNetwork.layer(hub).pipe(Layer.provide(NodeCrypto.layer(identityOf(seed)))))

const twoOn = (hub: MemoryNetwork.MemoryHub) =>
  Effect.map(Effect.all([peerOn(hub, 1), peerOn(hub, 2)]), ([asking, answering]) => ({
    absent: signerOf(3).peer,
    answering,
    asking
  }))

layer(
  Layer.effect(
    TwoPeers,
    Effect.suspend(() => twoOn(new MemoryNetwork.MemoryHub()))
  )
)("MemoryNetwork", (it) => {
  for (const { check, name } of peerNetwork) it.effect(name, () => check)
})

const echo: PeerProtocol<string, string> = {
  answer: Schema.String as PeerProtocol<string, string>["answer"],
  maxAnswerBytes: 100,
  maxQuestionBytes: 100,
  name: "echo",
  question: Schema.String as PeerProtocol<string, string>["question"]
}

it.scoped("A peer that is cut off hears nobody and is heard by nobody, until it is back", () =>
  Effect.gen(function* () {
    const hub = new MemoryNetwork.MemoryHub()
    const { answering, asking } = yield* twoOn(hub)
    for (const peer of [asking, answering]) yield* peer.serve(echo, (_from, text) => Effect.succeed(text))
    const back = hub.cutOff(answering.self)
    const there = asking.ask(echo, answering.self, "there?")
    expect((yield* Effect.flip(there))._tag).toBe("PeerUnreachable")
    expect((yield* Effect.flip(answering.ask(echo, asking.self, "here?")))._tag).toBe("PeerUnreachable")
    back()
    expect(yield* there).toBe("there?")
  })
)

it.scoped("What is sent is counted as it is sent", () =>
  Effect.gen(function* () {
    const hub = new MemoryNetwork.MemoryHub()
    const { answering, asking } = yield* twoOn(hub)
    yield* answering.serve(echo, (_from, text) => Effect.succeed(text))
    yield* asking.ask(echo, answering.self, "größer")
    expect(hub.traffic).toEqual({ bytes: new TextEncoder().encode('"größer"').length, questions: 1 })
  })
)
