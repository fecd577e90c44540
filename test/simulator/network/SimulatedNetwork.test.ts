import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Hub from "../../../layers/network/Hub.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { PeerProtocol } from "../../../services/PeerNetwork.ts"
import { FaultCounts } from "../../../simulator/FaultCounts.ts"
import { SimulatedNetwork } from "../../../simulator/network/SimulatedNetwork.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { signerOf } from "../../storage/TestServices.ts"
import { inSimulation } from "../inSimulation.ts"

const [ann, bob] = [signerOf(1).peer, signerOf(2).peer]

const Echo: PeerProtocol<number, number> = {
  answer: Schema.Number as unknown as PeerProtocol<number, number>["answer"],
  maxAnswerBytes: 100,
  maxQuestionBytes: 100,
  name: "echo",
  question: Schema.Number as unknown as PeerProtocol<number, number>["question"]
}

/** Bob writes down what he is asked, and answers it; Ann asks. */
const acquainted = Effect.gen(function* () {
  const counts = new FaultCounts()
  const network = yield* SimulatedNetwork.make(Prng.make("network"), counts)
  const plugged = (peer: PeerId) => {
    const port = network.plug(peer)
    return { ...Hub.make(port, peer), pull: port.pull }
  }
  const here = plugged(ann)
  const there = plugged(bob)
  const heard: Array<number> = []
  yield* there.serve(Echo, (_from, question) =>
    Effect.sync(() => {
      heard.push(question)
      return question
    })
  )
  const ask = (question: number) => Effect.timeoutOption(here.ask(Echo, bob, question), "1 second")
  return { ask, counts, heard, network, pull: there.pull }
})

const numbers = Array.from({ length: 50 }, (_, i) => i)

describe("A simulated network", () => {
  it("takes time, keeps the order of what one peer sends another, and loses nothing by itself", () => {
    const [answers, heard, now] = inSimulation(
      Effect.scoped(
        Effect.gen(function* () {
          const { ask, heard } = yield* acquainted
          const answers = yield* Effect.forEach(numbers, ask, { concurrency: "unbounded" })
          return [answers, heard, yield* Clock.currentTimeMillis] as const
        })
      )
    )
    expect(answers).toEqual(numbers.map(Option.some))
    expect(heard.toSorted((a, b) => a - b)).toEqual(numbers)
    expect(now).toBeGreaterThan(0)
  })

  it("loses, doubles and reorders as its weather is, and counts it", () => {
    const { answered, counts, heard } = inSimulation(
      Effect.scoped(
        Effect.gen(function* () {
          const { ask, counts, heard, network } = yield* acquainted
          Object.assign(network.weather, { duplicationShare: 0.3, lossShare: 0.3, reorderingShare: 0.3 })
          const answers = yield* Effect.forEach(numbers, ask, { concurrency: "unbounded" })
          return { answered: answers.filter(Option.isSome).length, counts: counts.toJSON(), heard }
        })
      )
    )
    expect(answered).toBeGreaterThan(10)
    expect(answered).toBeLessThan(45)
    expect(new Set(heard).size).toBeLessThan(heard.length)
    expect(Object.keys(counts)).toEqual(["loss", "duplication", "reordering"])
  })

  it("cut in one direction, questions still arrive the other way, and answers do not", () => {
    const { heard, looks } = inSimulation(
      Effect.scoped(
        Effect.gen(function* () {
          const { ask, heard, network } = yield* acquainted
          const mend = network.cut([bob], [ann])
          const lost = yield* ask(1)
          mend()
          mend()
          const back = yield* ask(2)
          network.cut([ann], [bob])
          return { heard, looks: [lost, back, yield* ask(3)] }
        })
      )
    )
    expect(looks).toEqual([Option.none(), Option.some(2), Option.none()])
    expect(heard).toEqual([1, 2])
  })

  it("holds back what goes over a clogged link", () => {
    const now = inSimulation(
      Effect.scoped(
        Effect.gen(function* () {
          const { ask, network } = yield* acquainted
          network.clog(ann, bob, 700)
          yield* ask(1)
          return yield* Clock.currentTimeMillis
        })
      )
    )
    expect(now).toBeGreaterThanOrEqual(700)
  })

  it("tells of a peer that is not there, and lets nothing out of one that was pulled out", () => {
    const [error, isHeard] = inSimulation(
      Effect.scoped(
        Effect.gen(function* () {
          const { ask, network, pull } = yield* acquainted
          const port = network.plug(ann)
          pull()
          const error = yield* Effect.flip(ask(1))
          port.pull()
          const late = yield* Effect.timeoutOption(Hub.make(port, ann).ask(Echo, bob, 2), "1 second")
          return [error._tag, Option.isSome(late)] as const
        })
      )
    )
    expect(error).toBe("PeerUnreachable")
    expect(isHeard).toBe(false)
  })
})
