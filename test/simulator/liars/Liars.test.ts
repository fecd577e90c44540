import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { MemberAnswer, MemberRequest } from "../../../schemas/Cluster.ts"
import type { Rev } from "../../../schemas/Ids.ts"
import type { ProvedBlock, RepoAnswer, RepoQuestion } from "../../../schemas/Repo.ts"
import * as DoubleVoter from "../../../simulator/liars/DoubleVoter.ts"
import * as FalseHistorian from "../../../simulator/liars/FalseHistorian.ts"
import * as FalseWitness from "../../../simulator/liars/FalseWitness.ts"
import * as Forgetter from "../../../simulator/liars/Forgetter.ts"
import * as Founder from "../../../simulator/liars/Founder.ts"
import * as Liars from "../../../simulator/liars/Liars.ts"
import { ownProof } from "../../../simulator/liars/ownProof.ts"
import { Plot } from "../../../simulator/liars/Plot.ts"
import * as Replayer from "../../../simulator/liars/Replayer.ts"
import * as Schemer from "../../../simulator/liars/Schemer.ts"
import * as TwoTongued from "../../../simulator/liars/TwoTongued.ts"
import { shownEnd } from "../../../src/cluster/driver/Drive.ts"
import { countVote, startShard } from "../../../src/cluster/driver/ShardCoordinator.ts"
import { addGiven, startCommit } from "../../../src/cluster/evidence/CommitGathering.ts"
import { justify } from "../../../src/cluster/evidence/Justification.ts"
import { provedBlockProblem } from "../../../src/cluster/evidence/ProvedBlock.ts"
import { revisionOf } from "../../../src/cluster/evidence/RevisionProof.ts"
import * as Prng from "../../../src/random/Prng.ts"
import { inSimulation } from "../inSimulation.ts"
import { LiarScene, until } from "./LiarScene.ts"

const isA =
  <Tag extends MemberAnswer["_tag"]>(tag: Tag) =>
  (answer: MemberAnswer | undefined): Extract<MemberAnswer, { _tag: Tag }> | undefined =>
    answer?._tag === tag ? (answer as Extract<MemberAnswer, { _tag: Tag }>) : undefined

const tell = (scene: LiarScene, question: RepoQuestion, honest: RepoAnswer): RepoAnswer =>
  Effect.runSync(scene.lies.tell!(question, Effect.succeed(honest)))

describe("A member that votes both ways", () => {
  it("is counted once", () => {
    const scene = new LiarScene(DoubleVoter.liar)
    const x = scene.transaction("books")
    const request = scene.pendOf(x, scene.liar)
    const approved = until(() => isA("Approved")(scene.answers(request)))
    const declined = until(() => isA("Declined")(scene.answers(request)))
    expect(scene.told).toContain("liar-double-vote")
    const count = (first: typeof approved | typeof declined, then: typeof approved | typeof declined) => {
      const kindOf = ({ _tag }: MemberAnswer) => (_tag === "Approved" ? "approve" : "refuse")
      const once = countVote(
        scene.rules,
        x.action,
        startShard(x.signed.manifest, 0),
        scene.liar,
        kindOf(first),
        first.votes
      )
      return countVote(scene.rules, x.action, once, scene.liar, kindOf(then), then.votes)
    }
    // Each signature is sound by itself; a quorum of either takes honest members, and these sign one of them.
    for (const shard of [count(approved, declined), count(declined, approved)]) {
      expect(Math.max(shard.approvals.signatures.size, shard.refusals.signatures.size)).toBe(1)
    }
  })
})

describe("A member that forgets", () => {
  it("cannot undo what others have approved", () => {
    const scene = new LiarScene(Forgetter.liar)
    const x = scene.transaction("books")
    for (const peer of scene.honest) scene.ask(peer, scene.pendOf(x, peer))
    scene.ask(scene.liar, scene.pendOf(x, scene.liar))
    const ballot = { n: 1, peer: scene.honest[0]! }
    const request: MemberRequest = { _tag: "Join", ballot, signed: x.signed }
    const forgotten = until(() => {
      const joined = isA("Joined")(scene.answers(request))
      return joined?.statement.value.approved === false ? joined : undefined
    })
    const others = scene.honest.slice(0, 2).map((peer) => isA("Joined")(scene.ask(peer, request))!)
    const statements = [forgotten, ...others].map(({ statement }) => statement)
    expect(scene.told).toContain("liar-forget")
    expect(justify(scene.rules, x.action, x.signed.manifest, ballot, statements)).toMatchObject({ value: "commit" })
  })
})

describe("A member that replays", () => {
  it("votes for nothing by what it signed for another", () => {
    const scene = new LiarScene(Replayer.liar)
    const [x, y] = [scene.transaction("books"), scene.transaction("films")]
    for (let i = 0; i < 10; i++) scene.answers(scene.pendOf(x, scene.liar))
    const [vote] = isA("Approved")(scene.ask(scene.liar, scene.pendOf(x, scene.liar)))!.votes
    const replayed = until(() => {
      const answer = isA("Approved")(scene.answers(scene.pendOf(y, scene.liar)))
      return answer?.votes[0].signed.signature === vote.signed.signature ? answer : undefined
    })
    expect(scene.told).toContain("liar-replay")
    const shard = startShard(y.signed.manifest, 0)
    const counted = countVote(scene.rules, y.action, shard, scene.liar, "approve", replayed.votes)
    expect(counted.approvals.signatures.size).toBe(0)
  })
})

describe("A peer that claims what never was", () => {
  it("ends no transaction, and gives no block", () => {
    const scene = new LiarScene(FalseWitness.liar)
    const x = scene.transaction("books")
    scene.ask(scene.liar, scene.pendOf(x, scene.liar))
    const ask: MemberRequest = { _tag: "Ask", actionId: x.action, wantsPayload: false }
    const ended = until(() => isA("Ended")(scene.answers(ask)))
    expect(scene.told).toContain("liar-false-state")
    expect(shownEnd(scene.rules, x, ended)).toBeUndefined()

    const [id] = [...x.world.keys()]
    const revision = revisionOf(x.signed.manifest, x.action, id!)!
    const proof = ended.ending._tag === "Committed" ? ended.ending.proof : undefined
    const found: ProvedBlock = { block: x.world.get(id!)!.block!, proof: proof!, revision, signed: x.signed }
    const given = tell(scene, { _tag: "BlockAt", id: id! }, { _tag: "BlockAt", found, through: 1 })
    const block = given._tag === "BlockAt" ? given.found : undefined
    if (block !== null && block !== undefined) {
      expect(provedBlockProblem(scene.rules, id!, scene.members, block)).toBeDefined()
    }
  })
})

describe("A peer that tells those who catch up of commits that never were", () => {
  it("sees to it that somebody asks, and what it tells is taken by nobody", () => {
    const scene = new LiarScene(FalseHistorian.liar)
    const x = scene.transaction("books")
    const lured = inSimulation(
      Effect.gen(function* () {
        for (let i = 0; i < 40; i++) {
          const honest = Effect.sync(() => scene.ask(scene.liar, scene.pendOf(x, scene.liar)))
          yield* scene.lies.answer!(scene.pendOf(x, scene.liar), honest, scene.honest[0]!)
        }
        yield* Effect.sleep("1 millis")
        return scene.told.length
      })
    )
    expect(lured).toBeGreaterThan(0)
    const [block] = [...x.world.keys()]
    const from = 1 as Rev
    const revisions = tell(
      scene,
      { _tag: "Revisions", block: block!, from, limit: 10 },
      { _tag: "Revisions", revisions: [] }
    )
    expect(revisions).toMatchObject({ revisions: [{ actionId: x.action, rev: 1 }] })
    const told = tell(scene, { _tag: "Transaction", actionId: x.action }, { _tag: "Transaction", found: null })
    const found = told._tag === "Transaction" ? told.found : null
    expect(found?.request?.signed).toEqual(x.signed)
    const gathering = startCommit(scene.rules, x.action, scene.honest[0]!, x.signed)!
    expect(addGiven(scene.rules, gathering, found!).decision).toBeUndefined()
    expect(scene.ask(scene.honest[0]!, { _tag: "Apply", ...found! })._tag).toBe("Invalid")
  })
})

describe("An author that has its own members", () => {
  it("gets no vote of those who know who is to keep a name", () => {
    const scene = new LiarScene(Founder.liar)
    const x = scene.transaction("books")
    const answers: Array<MemberAnswer> = []
    const overhearing = (to: Parameters<typeof scene.ask>[0], request: MemberRequest) =>
      Effect.tap(scene.send(to, request), (answer) => Effect.sync(() => answers.push(answer)))
    inSimulation(
      Effect.gen(function* () {
        for (let i = 0; i < 10; i++) {
          yield* Effect.ignore(scene.lies.ask!(scene.honest[0]!, scene.pendOf(x, scene.honest[0]!), overhearing))
        }
        yield* Effect.sleep("1 millis")
      })
    )
    expect(scene.told).toContain("liar-members")
    expect(answers.map(({ _tag }) => _tag)).toContain("Membership")
  })

  it("names others for what does not exist yet, and for nothing else", () => {
    const scene = new LiarScene(Founder.liar)
    const x = scene.transaction("books")
    const [header] = x.signed.manifest.collections
    expect(scene.lies.closest!(header!.id, scene.members)).toEqual(scene.members)
    scene.asks(scene.honest[0]!, { _tag: "Read", blocks: [header!.id] })
    const named = scene.lies.closest!(header!.id, scene.members)
    expect(named).toContain(scene.outsider)
    expect(named).toContain(scene.liar)
    expect(named.length).toBe(scene.members.length)
  })
})

describe("A coordinator that tells different members different things", () => {
  it("is refused what nobody has signed", () => {
    const scene = new LiarScene(TwoTongued.liar)
    const x = scene.transaction("books")
    const [to] = scene.honest
    for (const peer of scene.members) scene.ask(peer, scene.pendOf(x, peer))
    const apply: MemberRequest = { _tag: "Apply", actionId: x.action, proof: ownProof(scene.context, x.action) }
    const answers = Array.from({ length: 20 }, () => scene.asks(to!, apply)?._tag)
    expect(scene.told).toContain("liar-coordinator")
    // To some it says that the transaction is aborted, to some that it is committed, to some nothing.
    expect(new Set(answers)).toEqual(new Set(["Invalid", undefined]))
    expect(scene.ends(x.action)).toEqual([])
  })
})

describe("A coordinator that does all that signatures allow", () => {
  const plotted = (seed: number) => {
    const scene = new LiarScene(Schemer.liar, seed)
    const x = scene.transaction("books")
    inSimulation(
      Effect.gen(function* () {
        const pend = Effect.forEach(scene.honest, (peer) =>
          Effect.ignore(scene.lies.ask!(peer, scene.pendOf(x, peer), scene.send))
        )
        yield* pend
        yield* Effect.sleep("1 second")
      }),
      seed
    )
    return { scene, x }
  }

  it("never gets members to end a transaction in two ways, but at times in one", () => {
    const all = Array.from({ length: 60 }, (_, seed) => plotted(seed))
    expect(all.some(({ scene }) => scene.told.includes("liar-scheme"))).toBe(true)
    const ends = all.map(({ scene, x }) => new Set(scene.ends(x.action)))
    expect(ends.filter(({ size }) => size > 1)).toEqual([])
    expect(new Set(ends.flatMap((each) => [...each]))).toEqual(new Set(["Aborted", "Committed"]))
  })

  it("is refused ends and acceptances on too few signatures", () => {
    const answers = Array.from({ length: 40 }, (_, seed) => {
      const scene = new LiarScene(Schemer.liar, seed)
      const x = scene.transaction("books")
      const plot = new Plot(scene.context, x.action, x.signed)
      plot.addPayload(x.payload)
      const [to] = scene.honest
      // Nobody has signed anything yet but the liar: whatever ends a transaction, or is accepted, is forged.
      return plot.moves
        .map((move) => move(to!))
        .filter(({ _tag }) => _tag === "Accept" || _tag === "Apply" || _tag === "End")
        .map((request) => scene.ask(to!, request)._tag)
    }).flat()
    expect(new Set(answers)).toEqual(new Set(["Invalid"]))
  })
})

describe("A liar of a simulation", () => {
  it("lies in ways that it is allowed", () => {
    const scene = new LiarScene(Liars.draw(Prng.make(1), ["forget"]))
    const x = scene.transaction("books")
    scene.ask(scene.liar, scene.pendOf(x, scene.liar))
    until(() =>
      isA("Unknown")(scene.answers({ _tag: "Apply", actionId: x.action, proof: ownProof(scene.context, x.action) }))
    )
    expect(new Set(scene.told)).toEqual(new Set(["liar-forget"]))
  })
})
