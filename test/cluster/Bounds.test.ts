/** What a network does not take, its clients are told as what it is: too large for good, or too much for now. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction } from "effect-optimystic"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import { LimitExceeded, PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { MemberPolicy } from "../../src/cluster/member/MemberContext.ts"
import { signerOf } from "../storage/TestServices.ts"
import { nodeWith, on } from "./MemoryCluster.ts"

const SEEDS = [1, 2, 3, 4]
const peers = SEEDS.map((seed) => signerOf(seed).peer)
const append = (entry: string, name = "log") =>
  Transaction.run(
    Effect.flatMap(Diary.openOrCreate(Diary.define(name, { entry: Schema.String })), (log) => log.append(entry))
  )

/** The first of four nodes, all of which take on no more than this. */
const nodeAmong = (member: Partial<MemberPolicy>, hub = new MemoryHub()) =>
  Effect.map(
    Effect.forEach(SEEDS, (seed) => Layer.build(nodeWith(hub, seed, Roster.layer(peers), { member }))),
    ([first]) => first!
  )

/** A hub on which no vote can be asked for that is not small. */
class NarrowHub extends MemoryHub {
  override deliver(from: PeerId, to: PeerId, protocol: string, question: string) {
    const isWide = question.includes('"_tag":"Pend"') && question.length > WIDTH
    return isWide
      ? Effect.fail(new LimitExceeded({ actual: question.length, limit: WIDTH, what: "the size of a message" }))
      : super.deliver(from, to, protocol, question)
  }
}

/** A hub on which the word of a commit does not get through, while it is told to. */
class MuteHub extends MemoryHub {
  isMute = false

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string) {
    return this.isMute && question.includes('"_tag":"Apply"')
      ? Effect.fail(new PeerUnreachable({ peer: to, reason: "the word is lost" }))
      : super.deliver(from, to, protocol, question)
  }
}

const WIDTH = 8_000
const LARGE = "x".repeat(WIDTH)

describe("A transaction that its members do not take on", () => {
  it.scopedLive("fails with LimitExceeded where it is larger than they keep of any", () =>
    Effect.gen(function* () {
      const node = yield* nodeAmong({ maxPendingLengthPerAuthor: WIDTH })
      yield* on(node)(append("small"))
      const error = yield* Effect.flip(on(node)(append(LARGE)))
      expect([error._tag, error.message]).toEqual([
        "LimitExceeded",
        expect.stringMatching(/^the size of a transaction at a member is 8\d\d\d; the limit is 8000$/)
      ])
      yield* on(node)(append("small"))
    })
  )

  it.scopedLive("fails with LimitExceeded where it has more blocks than they lock at once", () =>
    Effect.gen(function* () {
      const node = yield* nodeAmong({ maxBlocks: 1 })
      expect((yield* Effect.flip(on(node)(append("header and log"))))._tag).toBe("LimitExceeded")
    })
  )

  it.scopedLive("fails with Busy where they keep enough for others of its author, and not once these have ended", () =>
    Effect.gen(function* () {
      const hub = new MuteHub()
      const node = yield* nodeAmong({ maxPendingLengthPerAuthor: 2 * WIDTH }, hub)
      hub.isMute = true
      yield* on(node)(append(LARGE, "first"))
      const error = yield* Effect.flip(on(node)(append(LARGE, "second")))
      expect([error._tag, error.message]).toEqual(["Busy", expect.stringMatching(/of its author are too large/)])
      hub.isMute = false
      yield* Effect.retry(on(node)(append(LARGE, "third")), { schedule: Schedule.spaced("50 millis") })
    })
  )

  it.scopedLive("fails with LimitExceeded where it fits no message", () =>
    Effect.gen(function* () {
      const node = yield* nodeAmong({}, new NarrowHub())
      yield* on(node)(append("small"))
      expect((yield* Effect.flip(on(node)(append(LARGE))))._tag).toBe("LimitExceeded")
      yield* on(node)(append("small"))
    })
  )
})
