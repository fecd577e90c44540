import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { defaultDrivePolicy } from "../../layers/cluster/DrivePolicy.ts"
import * as TransactionActor from "../../layers/cluster/TransactionActor.ts"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { RecentTimes } from "../../src/cluster/driver/RecentTimes.ts"
import { Stage } from "./script/Stage.ts"
import { HOME, perform } from "./Walk.ts"

/** What a member makes of a request that its machine has answered. */
type Manner = (request: MemberRequest, answer: MemberAnswer) => MemberAnswer

const stageWith = (...commands: ReadonlyArray<string>): Stage => {
  const stage = new Stage()
  for (const command of [...HOME, "transaction X writes books", ...commands]) perform(stage, command)
  return stage
}

/** Somebody who asks the members on stage, each of which has its manner. */
const contextOn = (
  stage: Stage,
  manners: Readonly<Record<string, Manner>>
): TransactionActor.TransactionActorContext => ({
  client: {
    ask: (peer, request) =>
      Effect.sync(() => {
        const name = stage.nameOf(peer)
        const told = stage.ask(name, request).outputs.find((output) => output._tag === "Answer")
        return (manners[name] ?? ((_request, answer) => answer))(request, told!.answer)
      }),
    self: stage.actor("ann").signer.peer
  },
  onInTheWay: () => Effect.void,
  policy: { ...defaultDrivePolicy, backOffMillis: 1, hedgeMillis: 1, maxBackOffMillis: 2 },
  rules: stage.actor("ann").context,
  voteTimes: new RecentTimes(1)
})

const drivenOn = (stage: Stage) => {
  const { actionId, request } = stage.transaction("X")
  return { action: actionId, payload: request.payload, signed: request.signed }
}

/** Says of every ballot that it is another one: signed all the same, and of no use to anybody. */
const elsewhere: Manner = (_request, answer) =>
  answer._tag === "Prepared" ? { ...answer, ballot: { ...answer.ballot, n: answer.ballot.n + 1 } } : answer

/** Is too busy to prepare, once. */
const busyOnce = (): Manner => {
  let isBusy = true
  return (request, answer) => {
    if (request._tag !== "Propose" || !isBusy) return answer
    isBusy = false
    return { _tag: "Busy", reason: "once" }
  }
}

describe("A transaction on its way", () => {
  it.scopedLive("commits where all vote", () =>
    Effect.gen(function* () {
      const stage = stageWith()
      const outcome = yield* TransactionActor.drive(contextOn(stage, {}), drivenOn(stage), yield* Effect.scope)
      expect(outcome.ending._tag).toBe("Committed")
    })
  )

  it.scopedLive("takes another ballot where one that answers beside the point would keep it waiting", () =>
    Effect.gen(function* () {
      const stage = stageWith("pend X to ann")
      const context = contextOn(stage, { cat: busyOnce(), dan: elsewhere })
      const outcome = yield* TransactionActor.recover(context, drivenOn(stage), yield* Effect.scope)
      expect(outcome.ending._tag).toBe("Aborted")
    })
  )

  it.scopedLive("is left open where too few answer, after so many ballots", () =>
    Effect.gen(function* () {
      const stage = stageWith("pend X to ann")
      const busy: Manner = (request, answer) => (request._tag === "Ask" ? answer : { _tag: "Busy", reason: "always" })
      const context = contextOn(stage, { bob: busy, cat: busy })
      const left = yield* Effect.flip(TransactionActor.recover(context, drivenOn(stage), yield* Effect.scope))
      expect(left.reason).toBe(`${context.policy.maxBallots} ballots came to nothing`)
    })
  )
})
