import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction, Tree } from "effect-optimystic"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId, Rev } from "../../schemas/Ids.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { lastRev } from "../../src/log/LogBlock.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodesOf, on } from "./MemoryCluster.ts"

const Word = Schema.Struct({ count: Schema.Int, key: Schema.String })
const Words = Tree.define("words", { entry: Word, key: Schema.String, keyOf: ({ key }) => key })
const Log = Diary.define("log", { entry: Schema.String })

const SEEDS = [1, 2, 3, 4]
/** The creation goes with the first increment. */
const REVISIONS = 5
const patient = {
  retry: Schedule.recurs(50).pipe(
    Schedule.addDelay(() => "5 millis"),
    Schedule.jittered
  )
}

const countOf = (key: string) =>
  Effect.flatMap(Tree.open(Words), (words) =>
    Effect.map(
      words.get(key),
      Option.map(({ count }) => count)
    )
  )

/** Adds one, in a transaction of its own. */
const increment = (key: string) =>
  Transaction.run(
    Effect.gen(function* () {
      const words = yield* Tree.openOrCreate(Words)
      const before = Option.match(yield* words.get(key), { onNone: () => 0, onSome: ({ count }) => count })
      yield* words.put({ count: before + 1, key })
    }),
    patient
  )

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

/** The revision of the collection in this node's own store. */
const ownRevision = Effect.gen(function* () {
  const repo = yield* StorageRepo
  const [header] = yield* repo.get([{ id: collectionId(hasher, "words") }])
  const [tail] = yield* repo.get([{ id: (header!.block as unknown as CollectionBlock).log.tail }])
  return lastRev(tail!.block as unknown as LogBlock)
})

describe("Four nodes in one program", () => {
  it.scopedLive("what one writes is what all read, at once", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      for (const [i, node] of nodes.entries()) {
        yield* on(node)(increment("one"))
        for (const other of nodes) expect(yield* on(other)(countOf("one"))).toEqual(Option.some(i + 1))
      }
    })
  )

  it.scopedLive("nobody's increment is lost, whoever competes", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      yield* on(nodes[0]!)(increment("all"))
      yield* Effect.forEach(nodes, (node) => Effect.repeatN(on(node)(increment("all")), 4), {
        concurrency: "unbounded"
      })
      for (const node of nodes) expect(yield* on(node)(countOf("all"))).toEqual(Option.some(21))
    })
  )

  it.scopedLive("all at once create one collection", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      yield* Effect.forEach(nodes, (node) => on(node)(increment("first")), { concurrency: "unbounded" })
      for (const node of nodes) expect(yield* on(node)(countOf("first"))).toEqual(Option.some(4))
    })
  )

  it.scopedLive("a transaction over two collections is seen in both or in none", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      const both = Transaction.run(
        Effect.gen(function* () {
          const words = yield* Tree.openOrCreate(Words)
          const log = yield* Diary.openOrCreate(Log)
          const before = yield* log.length
          yield* words.put({ count: before + 1, key: "entries" })
          yield* log.append(`entry ${before + 1}`)
        }),
        patient
      )
      yield* on(nodes[0]!)(both)
      const look = Transaction.run(
        Effect.gen(function* () {
          const count = yield* countOf("entries")
          return [Option.getOrUndefined(count), yield* Effect.flatMap(Diary.open(Log), (log) => log.length)] as const
        }),
        patient
      )
      const [, looks] = yield* Effect.all(
        [Effect.repeatN(on(nodes[1]!)(both), 9), Effect.forEach(Array.from({ length: 10 }), () => on(nodes[2]!)(look))],
        { concurrency: "unbounded" }
      )
      for (const [count, length] of looks) expect(count).toBe(length)
      expect(yield* on(nodes[3]!)(look)).toEqual([11, 11])
    })
  )

  it.scopedLive("three of them go on without the fourth, which catches up once it is back", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(increment("key"))
      const { peer } = signerOf(SEEDS[3]!)
      const back = hub.cutOff(peer)
      for (const node of nodes.slice(0, 3)) yield* on(node)(increment("key"))
      back()
      // It is asked to vote on a base that it does not have.
      yield* on(nodes[0]!)(increment("key"))
      yield* Effect.repeat(on(nodes[3]!)(ownRevision), {
        schedule: Schedule.spaced("10 millis"),
        until: (rev) => rev === REVISIONS
      })
      expect(yield* on(nodes[3]!)(countOf("key"))).toEqual(Option.some(5))
    })
  )

  it.scopedLive("what a writer left behind that vanished after the vote is finished by who comes upon it", () =>
    Effect.gen(function* () {
      const hub = new ForgetfulHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(increment("key"))
      hub.forgets = true
      const vanished = yield* Effect.fork(on(nodes[0]!)(increment("key")))
      yield* Effect.repeat(
        Effect.sync(() => hub.forgotten),
        {
          schedule: Schedule.spaced("5 millis"),
          until: (count) => count >= 3
        }
      )
      hub.cutOff(signerOf(SEEDS[0]!).peer)
      hub.forgets = false
      // All four had approved: it may have been decided, so it is.
      expect(yield* on(nodes[1]!)(countOf("key"))).toEqual(Option.some(2))
      yield* on(nodes[2]!)(increment("key"))
      expect(yield* on(nodes[3]!)(countOf("key"))).toEqual(Option.some(3))
      yield* Fiber.interruptFork(vanished)
    })
  )
})

/** Loses questions of one peer about the blocks of others, while it is told to. */
class LossyHub extends MemoryHub {
  losesOf: PeerId | undefined

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string) {
    const isLost = from === this.losesOf && protocol === repoProtocol.name
    return isLost
      ? Effect.fail(new PeerUnreachable({ peer: to, reason: "the question is lost" }))
      : super.deliver(from, to, protocol, question)
  }
}

describe("A member that missed something", () => {
  it.scopedLive("takes nothing past for the latest where it cannot fetch what others tell of", () =>
    Effect.gen(function* () {
      const hub = new LossyHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(increment("key"))
      const { peer } = signerOf(SEEDS[3]!)
      const back = hub.cutOff(peer)
      yield* on(nodes[0]!)(increment("key"))
      hub.losesOf = peer
      back()
      const seen = yield* Effect.either(on(nodes[3]!)(countOf("key")))
      expect(seen._tag === "Left" ? seen.left._tag : seen.right).toBe("BlockUnavailable")
      hub.losesOf = undefined
      expect(yield* on(nodes[3]!)(countOf("key"))).toEqual(Option.some(2))
    })
  )

  it.scopedLive("catches up by itself with what was written while it was away, and with what it never heard of", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS, { patience: { compareMillis: 20, tellRetries: 0 } })
      yield* on(nodes[0]!)(increment("key"))
      const back = hub.cutOff(signerOf(SEEDS[3]!).peer)
      // More than two blocks of a log take.
      const entries = Array.from({ length: 80 }, (_, i) => `entry ${i}`)
      yield* on(nodes[0]!)(
        Effect.flatMap(Diary.openOrCreate(Log), (diary) => Effect.forEach(entries, (entry) => diary.append(entry)))
      )
      yield* on(nodes[0]!)(increment("key"))
      const own = Effect.flatMap(StorageRepo, (repo) =>
        Effect.map(repo.revisions(collectionId(hasher, "log"), { from: 1 as Rev, limit: 100 }), ({ length }) => length)
      )
      const has = Effect.zip(
        Effect.orElseSucceed(on(nodes[3]!)(ownRevision), () => 0),
        on(nodes[3]!)(own)
      )
      expect(yield* has).toEqual([1, 0])
      back()
      yield* Effect.repeat(has, {
        schedule: Schedule.spaced("10 millis"),
        until: ([words, headers]) => words === 2 && headers === 3
      })
    })
  )

  it.scopedLive("catches up with a transaction over several clusters, of which it is in one", () =>
    Effect.gen(function* () {
      const seeds = [1, 2, 3, 4, 5]
      const hub = new MemoryHub()
      // The word of the end is not said again.
      const nodes = yield* nodesOf(hub, seeds, { patience: { tellRetries: 0 } })
      const roster = new Neighbourhood(
        hasher,
        seeds.map((seed) => signerOf(seed).peer)
      )
      const membersOf = (name: string) => roster.closest(collectionId(hasher, name), CLUSTER_SIZE)
      // All other members of the one cluster are in the other cluster, too: they keep more of it than the one that missed it needs.
      const { peer } = signerOf(seeds[4]!)
      const names = Array.from({ length: 100 }, (_, i) => `collection-${i}`)
      const mine = names.find((name) => membersOf(name).includes(peer))!
      const others = names.find((name) => !membersOf(name).includes(peer))!
      const write = (value: string, ...into: ReadonlyArray<string>) =>
        Transaction.run(
          Effect.forEach(into, (name) =>
            Effect.flatMap(Diary.openOrCreate(Diary.define(name, { entry: Schema.String })), (diary) =>
              diary.append(value)
            )
          ),
          patient
        )
      yield* on(nodes[0]!)(write("first", mine, others))
      const back = hub.cutOff(peer)
      yield* on(nodes[0]!)(write("missed", mine, others))
      back()
      yield* on(nodes[0]!)(write("last", mine))
      const tailOf = Effect.gen(function* () {
        const repo = yield* StorageRepo
        const [header] = yield* repo.get([{ id: collectionId(hasher, mine) }])
        const [tail] = yield* repo.get([{ id: (header!.block as unknown as CollectionBlock).log.tail }])
        return lastRev(tail!.block as unknown as LogBlock)
      })
      yield* Effect.repeat(on(nodes[4]!)(tailOf), { schedule: Schedule.spaced("10 millis"), until: (rev) => rev === 3 })
    })
  )
})
