import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Diary, Transaction } from "effect-optimystic"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { BlockId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { SignedManifest } from "../../schemas/Manifest.ts"
import type { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { Revision } from "../../schemas/Revision.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodesOf, nodeWith, on } from "./MemoryCluster.ts"

type Question = MemberRequest | RepoQuestion
type Answer = MemberAnswer | RepoAnswer
type Delivered = ReturnType<MemoryHub["deliver"]>
/** What becomes of a question, and of the honest answer to it. */
type Manner = (question: Question, honest: Delivered, from: PeerId, to: PeerId) => Delivered

/** A hub on which peers answer in the manner of the moment. */
class LyingHub extends MemoryHub {
  manner: Manner | undefined

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string): Delivered {
    const honest = super.deliver(from, to, protocol, question)
    return this.manner?.(JSON.parse(question) as Question, honest, from, to) ?? honest
  }
}

const rewritten = (honest: Delivered, rewrite: (answer: Answer) => unknown): Delivered =>
  Effect.map(honest, (text) => JSON.stringify(rewrite(JSON.parse(text) as Answer)))

const patient = { retry: Schedule.recurs(50).pipe(Schedule.addDelay(() => "5 millis")) }
const diaryOf = (name: string) => Diary.define(name, { entry: Schema.Int })
const lengthOf = (name: string) => Effect.flatMap(Diary.open(diaryOf(name)), ({ length }) => length)
const append = (name: string) => Effect.flatMap(Diary.openOrCreate(diaryOf(name)), (diary) => diary.append(0))
const names = Array.from({ length: 50 }, (_, i) => `diary-${i}`)

describe("A reader that keeps nothing itself, with one liar among the members", () => {
  const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
  const peers = seeds.map((seed) => signerOf(seed).peer)
  const reader = signerOf(9).peer
  const roster = new Neighbourhood(hasher, peers)
  const homeOf = (name: string) => roster.closest(collectionId(hasher, name), CLUSTER_SIZE)
  const here = names[0]!
  const liar = homeOf(here)[0]!
  const apart = names.find((name) => !homeOf(name).includes(liar))!

  /** The nodes, and the reader among them. */
  const scene = Effect.gen(function* () {
    const hub = new LyingHub()
    const nodes = yield* nodesOf(hub, seeds)
    return { hub, node: nodes[0]!, own: yield* Layer.build(nodeWith(hub, 9, Roster.layer(peers))) }
  })

  it.scopedLive("sees all of a transaction or nothing of it, also where it is told of a revision still to come", () =>
    Effect.gen(function* () {
      const { hub, node, own } = yield* scene
      const both = Transaction.run(Effect.zip(append(here), append(apart)), patient)
      const look = on(own)(Transaction.run(Effect.zip(lengthOf(here), lengthOf(apart)), patient))
      yield* on(node)(both)
      yield* Effect.repeat(look, { until: ([one, other]) => one === 1 && other === 1 })
      let foretold = 0
      // It tells of the next revision, and proves that only once it is there.
      hub.manner = (question, honest, from, to) => {
        if (from !== reader || to !== liar) return honest
        if (question._tag === "Read") {
          return rewritten(honest, (answer) => {
            if (answer._tag !== "Latest") return answer
            const blocks = answer.blocks.map((each) => {
              if (each.block === (collectionId(hasher, here) as BlockId) || each.latest === null) return each
              foretold = each.latest.rev + 1
              return { ...each, latest: { ...each.latest, rev: foretold } }
            })
            return { ...answer, blocks }
          })
        }
        const isOfForetold = question._tag === "BlockAt" && question.at === foretold && foretold > 0
        return isOfForetold ? Effect.zipRight(Effect.orDie(on(node)(both)), honest) : honest
      }
      const [one, other] = yield* look
      expect(one).toBe(other)
    })
  )

  it.scopedLive("is not held up by a lock that no member could have given", () =>
    Effect.gen(function* () {
      const { hub, node, own } = yield* scene
      let seen: SignedManifest | undefined
      hub.manner = (question, honest) => {
        if (question._tag === "Pend") seen = question.signed
        return honest
      }
      yield* on(node)(append(here))
      const { manifest, signatures } = seen!
      const strangers = [20, 21, 22, 23].map((seed) => signerOf(seed).peer).sort()
      const locks = [
        { manifest: { ...manifest, shards: [{ ...manifest.shards[0], members: strangers }] }, signatures },
        { manifest: { ...manifest, shards: [{ ...manifest.shards[0], members: homeOf(here).slice(1) }] }, signatures },
        { manifest: { ...manifest, stamp: { ...manifest.stamp, time: 1 } }, signatures }
      ]
      hub.manner = (question, honest, from, to) =>
        from === reader && to === liar && question._tag === "Read"
          ? rewritten(honest, (answer) =>
              answer._tag === "Latest"
                ? { ...answer, blocks: answer.blocks.map((each) => ({ ...each, locks })) }
                : answer
            )
          : honest
      expect(yield* Effect.timeout(on(own)(lengthOf(here)), "5 seconds")).toBe(1)
    })
  )
})

describe("A node with one liar among its neighbours", () => {
  const seeds = [1, 2, 3, 4]
  const [victim, silent, , liar] = seeds.map((seed) => signerOf(seed).peer)
  const DEEP = 10_000

  const lies: Readonly<Record<string, (question: Question, honest: Delivered, old: Revision) => Delivered>> = {
    "nests an answer too deep to be walked through": (question, honest) =>
      question._tag === "Shared"
        ? Effect.succeed(`{"_tag":"Shared","blocks":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`)
        : honest,
    "tells of the same old revision again and again": (question, honest, old) => {
      if (question._tag === "Shared") {
        return rewritten(honest, (answer) =>
          answer._tag === "Shared"
            ? { ...answer, blocks: answer.blocks.map(({ id }) => ({ id, rev: 1_000_000 })) }
            : answer
        )
      }
      return question._tag === "Revisions"
        ? rewritten(honest, () => {
            const { from, limit } = question
            return { _tag: "Revisions", revisions: Array.from({ length: limit }, () => ({ ...old, rev: from })) }
          })
        : honest
    }
  }

  it.each(Object.keys(lies))("goes on comparing with the others where it %s", (lie) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const hub = new LyingHub()
          const nodes = yield* nodesOf(hub, seeds, { patience: { compareMillis: 5 } })
          yield* on(nodes[0]!)(append("a"))
          const repo = yield* on(nodes[0]!)(StorageRepo)
          const [old] = yield* repo.revisions(collectionId(hasher, "a"), { from: 1 as Rev, limit: 1 })
          let lied = 0
          let compared = 0
          hub.manner = (question, honest, from, to) => {
            if (from !== victim) return honest
            if (question._tag === "Shared" && to !== liar && lied > 0) compared++
            if (to !== liar) return honest
            if (question._tag === "Shared") lied++
            return lies[lie]!(question, honest, old!)
          }
          yield* Effect.repeat(
            Effect.sync(() => compared),
            { schedule: Schedule.spaced("10 millis"), until: (compared) => compared >= 3 }
          )
          expect(lied).toBeGreaterThan(0)
        })
      )
    )
  )

  it.scopedLive("commits where it tells of more locks in the way than there are", () =>
    Effect.gen(function* () {
      const hub = new LyingHub()
      const nodes = yield* nodesOf(hub, seeds)
      yield* on(nodes[0]!)(append("a"))
      const lock = { block: collectionId(hasher, "a"), holder: collectionId(hasher, "x") }
      const many = JSON.stringify({ _tag: "InTheWay", by: Array.from({ length: 200_000 }, () => lock) })
      hub.manner = (question, honest, from, to) => {
        if (from !== victim || question._tag !== "Pend") return honest
        if (to === silent) return Effect.fail(new PeerUnreachable({ peer: to, reason: "it is away" }))
        return to === liar ? Effect.succeed(many) : honest
      }
      const exit = yield* Effect.exit(on(nodes[0]!)(append("a")))
      expect(exit._tag === "Success" || !exit.cause.toString().includes("nterrupt")).toBe(true)
    })
  )
})

describe("A peer that is not in the roster and says it arrives", () => {
  it.scopedLive("is heeded by nobody: who keeps what is agreed", () =>
    Effect.gen(function* () {
      const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
      const peers = seeds.map((seed) => signerOf(seed).peer)
      const hub = new MemoryHub()
      const [node] = yield* nodesOf(hub, seeds)
      const question = JSON.stringify({ _tag: "Arrive" } satisfies RepoQuestion)
      for (let seed = 9; seed <= 40; seed++) {
        for (const to of peers) yield* hub.deliver(signerOf(seed).peer, to, repoProtocol.name, question)
      }
      yield* append(names[0]!).pipe(on(node!))
    })
  )
})
