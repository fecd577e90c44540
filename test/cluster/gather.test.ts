import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { gather } from "../../layers/cluster/gather.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { inSimulation } from "../simulator/inSimulation.ts"
import { signerOf } from "../storage/TestServices.ts"

const peers = [1, 2, 3, 4].map((seed) => signerOf(seed).peer)

const answersOf = (silent: ReadonlyArray<PeerId>, answerMillis: number, need = 2) =>
  gather({
    ask: (peer) =>
      silent.includes(peer) ? Effect.zipRight(Effect.sleep(answerMillis), Effect.fail("silent")) : Effect.succeed(peer),
    hedgeMillis: 10,
    need,
    peers
  })

describe("Gathering answers", () => {
  it("goes on without who is silent, even where whoever waits cannot be interrupted", () => {
    const [answers, now] = inSimulation(
      Effect.zip(
        Effect.uninterruptible(Effect.map(answersOf(peers.slice(0, 2), 5_000), (found) => [...found.keys()])),
        Clock.currentTimeMillis
      )
    )
    expect(new Set(answers)).toEqual(new Set(peers.slice(2)))
    expect(now).toBeLessThan(100)
  })

  it("gives what there is once nobody else is to be heard", () => {
    const answers = inSimulation(Effect.map(answersOf(peers.slice(1), 50), (found) => [...found.keys()]))
    expect(answers).toEqual(peers.slice(0, 1))
  })
})
