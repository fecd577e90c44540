import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction } from "effect-optimystic"
import * as metrics from "../../layers/cluster/metrics.ts"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import { OutcomeUnknown } from "../../schemas/Errors.ts"
import { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { TransactAnswer } from "../../services/Transactor.ts"
import { fromNow } from "../monitor/exposition.ts"
import { signerOf } from "../storage/TestServices.ts"
import { tracerOf } from "../tracing/tracerOf.ts"
import { nodesOf, on } from "./MemoryCluster.ts"

const SEEDS = [1, 2, 3, 4]
const Log = Diary.define("log", { entry: Schema.String })

const patient = {
  retry: Schedule.recurs(50).pipe(
    Schedule.addDelay(() => "5 millis"),
    Schedule.jittered
  )
}
const append = (entry: string) =>
  Transaction.run(
    Effect.flatMap(Diary.openOrCreate(Log), (log) => log.append(entry)),
    patient
  )
const outcome = (outcome: string) => `optimystic_transactions_total{outcome="${outcome}"}`
const commits = (rounds: string) => `optimystic_commit_seconds_count{rounds="${rounds}"}`

/** Waits until something is so. */
const until = (check: () => boolean) =>
  Effect.repeat(Effect.sync(check), { schedule: Schedule.spaced("10 millis"), until: (so) => so }).pipe(
    Effect.timeout("20 seconds")
  )

describe("What a node counts of transactions", () => {
  it.scopedLive("each is counted by its outcome, and a commit measured by the rounds that it took", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      const grown = fromNow()
      yield* on(nodes[0]!)(append("one"))
      yield* on(nodes[0]!)(append("two"))
      expect([grown(outcome("committed")), grown(commits("one")), grown(commits("two"))]).toEqual([2, 2, 0])
      // Without the fourth vote there is no decision in one round.
      hub.cutOff(signerOf(4).peer)
      yield* on(nodes[0]!)(append("three"))
      expect([grown(outcome("committed")), grown(commits("one")), grown(commits("two"))]).toEqual([3, 2, 1])
      expect(grown(`optimystic_commit_seconds_sum{rounds="one"}`)).toBeGreaterThan(0)
      expect(grown("optimystic_store_batch_requests_count")).toBeGreaterThan(0)
      expect(grown("optimystic_store_write_seconds_count")).toBeGreaterThan(0)
    })
  )

  it.scopedLive(
    "those that lost to others are counted, and turns on what they compete for; nobody is left waiting",
    () =>
      Effect.gen(function* () {
        const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
        yield* on(nodes[0]!)(append("first"))
        const grown = fromNow()
        yield* Effect.forEach(nodes, (node, i) => Effect.repeatN(on(node)(append(`from ${i}`)), 4), {
          concurrency: "unbounded"
        })
        expect(grown(outcome("committed"))).toBe(20)
        expect(grown(outcome("stale")) + grown(outcome("locked"))).toBeGreaterThan(0)
        expect(grown('optimystic_turns_total{result="given"}')).toBeGreaterThan(0)
        yield* until(() => grown("optimystic_coordinator_waiting") === 0)
        yield* until(() => grown("optimystic_store_requests_waiting") === 0)
      })
  )

  it.scopedLive("a transaction, its reads and its decision have spans where somebody traces", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      yield* on(nodes[0]!)(append("first"))
      const tracedBy = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
        const begun: Array<string> = []
        return Effect.as(Effect.withTracer(effect, tracerOf(begun)), begun)
      }
      expect(yield* tracedBy(on(nodes[1]!)(append("traced")))).toEqual(["Transaction.run", "Transactor.transact"])
      const length = Effect.flatMap(Diary.open(Log), (log) => log.length)
      expect(new Set(yield* tracedBy(on(nodes[2]!)(length)))).toEqual(new Set(["Transactor.latest"]))
    })
  )

  it.effect("errors are counted as what they are to whoever asked", () =>
    Effect.gen(function* () {
      const clock = yield* Effect.clock
      const grown = fromNow()
      const ref = { actionId: ActionId.make("a".repeat(52)), home: BlockId.make("a".repeat(52)) }
      yield* Effect.flip(metrics.transacting(clock, new OutcomeUnknown({ reason: "none", ref })))
      const refused: TransactAnswer = { _tag: "Refused", actionId: ref.actionId, reason: "so" }
      yield* metrics.transacting(clock, Effect.succeed(refused))
      expect([grown(outcome("unknown")), grown(outcome("refused")), grown(outcome("committed"))]).toEqual([1, 1, 0])
    })
  )
})

/** A hub that brings questions, and at times no answers. */
class ForgetfulHub extends MemoryHub {
  forgets = false
  forgotten = 0

  override deliver(...question: Parameters<MemoryHub["deliver"]>): ReturnType<MemoryHub["deliver"]> {
    return Effect.flatMap(super.deliver(...question), (answer) => {
      if (!this.forgets) return Effect.succeed(answer)
      this.forgotten++
      return Effect.never
    })
  }
}

describe("What a node counts of its part in clusters", () => {
  it.scopedLive("a transaction that it brings to its end for another", () =>
    Effect.gen(function* () {
      const hub = new ForgetfulHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(append("one"))
      hub.forgets = true
      const vanished = yield* Effect.fork(on(nodes[0]!)(append("two")))
      yield* until(() => hub.forgotten >= 3)
      hub.cutOff(signerOf(SEEDS[0]!).peer)
      hub.forgets = false
      const grown = fromNow()
      expect(yield* on(nodes[1]!)(Effect.flatMap(Diary.open(Log), (log) => log.length))).toBe(2)
      expect(grown('optimystic_recoveries_total{outcome="committed"}')).toBeGreaterThan(0)
      yield* Fiber.interruptFork(vanished)
    })
  )

  it.scopedLive("what it fetches that had passed it by", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS, { patience: { compareMillis: 20, tellRetries: 0 } })
      yield* on(nodes[0]!)(append("one"))
      const back = hub.cutOff(signerOf(SEEDS[3]!).peer)
      yield* on(nodes[0]!)(append("two"))
      yield* on(nodes[0]!)(append("three"))
      const grown = fromNow()
      back()
      yield* until(() => grown('optimystic_repairs_total{cause="compared"}') === 2)
    })
  )
})
