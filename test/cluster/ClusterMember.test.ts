/**
 * The member that runs on a store is the pure machine: what scripts and walks ask of the one is asked of the other, one by
 * one or many at once, with restarts in between. Same answers, same notices, same records.
 */
import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as ClusterMemberLayer from "../../layers/cluster/ClusterMember.ts"
import * as Newcomers from "../../layers/cluster/Newcomers.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as RepoWriter from "../../layers/repo/RepoWriter.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { ActionId, type PeerId } from "../../schemas/Ids.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../schemas/Revision.ts"
import { ClusterIndex } from "../../services/ClusterIndex.ts"
import { ClusterMember, type Entering } from "../../services/ClusterMember.ts"
import { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { RawStorage, SPACES, type StorageRecord } from "../../services/RawStorage.ts"
import { Restorer } from "../../services/Restorer.ts"
import { Signer } from "../../services/Signer.ts"
import type { EnterPlan } from "../../src/cluster/member/enter.ts"
import type { MemberEvent, MemberOutput } from "../../src/cluster/member/Member.ts"
import { make } from "../../src/random/Prng.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import { visitBlocks } from "../../src/storage/visitBlocks.ts"
import { fromNow } from "../monitor/exposition.ts"
import { hasher, network } from "../storage/TestServices.ts"
import { plainOf } from "./script/plainOf.ts"
import { rewrite } from "./script/Script.ts"
import { type Act, Stage } from "./script/Stage.ts"
import { AWAY, draw, HOME, HONEST, perform } from "./Walk.ts"

/** What happened to one member, and what it did, believing what it then did of the peers around it. */
interface Deed {
  readonly event: MemberEvent | { readonly _tag: "Enter"; readonly entry: CertifiedRevision }
  readonly beliefs: Beliefs
  readonly outputs: ReadonlyArray<MemberOutput | { readonly _tag: "Answer"; readonly answer: Entering }>
}

/** Which peers a member admits, and who is closest to the collections on stage. */
interface Beliefs {
  readonly strangers: ReadonlyArray<PeerId>
  readonly closest: ReadonlyMap<string, ReadonlyArray<PeerId>>
}

/** A stage that keeps a record of what its members do. */
class RecordingStage extends Stage {
  readonly deeds = new Map<string, Array<Deed>>()
  #beliefs: Beliefs = { closest: new Map(), strangers: [] }

  /** The same value as long as they do not change. */
  #believedBy(member: string): Beliefs {
    const { membership } = this.actor(member).context
    const headers = [...this.places.keys()].map((name) => this.collection(name))
    const closest = new Map(headers.map((header) => [header as string, membership.closest(header)]))
    const now: Beliefs = { closest, strangers: [...this.strangers] }
    const same = (a: Beliefs, b: Beliefs) => plainOf(a) === plainOf(b)
    if (!same(now, this.#beliefs)) this.#beliefs = now
    return this.#beliefs
  }

  #record(member: string, deed: Deed): void {
    const known = this.deeds.get(member) ?? []
    this.deeds.set(member, known)
    known.push(deed)
  }

  override act(member: string, event: MemberEvent): Act {
    const beliefs = this.#believedBy(member)
    const act = super.act(member, event)
    this.#record(member, { beliefs, event, outputs: act.outputs })
    return act
  }

  override enter(member: string, entry: CertifiedRevision): EnterPlan {
    const beliefs = this.#believedBy(member)
    const plan = super.enter(member, entry)
    const answer = { _tag: "Answer", answer: plan.answer } as const
    this.#record(member, { beliefs, event: { _tag: "Enter", entry }, outputs: [answer, ...plan.notices] })
    return plan
  }
}

/** A member with the identity of one on stage, and beliefs that the test sets. */
const memberLike = (stage: Stage, name: string, believed: { current: Beliefs }) => {
  const { context, signer } = stage.actor(name)
  const { clusterSize, faultModel, hasRoster } = context
  const around = Layer.mergeAll(
    Layer.succeed(Signer, signer),
    Layer.succeed(Hasher, hasher),
    NodeCrypto.layerVerifier,
    Layer.succeed(Restorer, noRestorer),
    Layer.succeed(ClusterIndex, {
      created: () => Effect.void,
      creatorOf: () => undefined,
      homeOf: (block) => (hasRoster ? (believed.current.closest.get(block) ?? []) : undefined),
      locate: (block) => Effect.sync(() => believed.current.closest.get(block) ?? [])
    }),
    Layer.succeed(KeyNetwork, {
      closest: (block) => believed.current.closest.get(block) ?? [],
      formerly: () => [],
      hasRoster,
      isAdmitted: (peer) => !believed.current.strangers.includes(peer),
      lookup: (block) => Effect.sync(() => believed.current.closest.get(block) ?? [])
    })
  )
  return ClusterMemberLayer.layer({ clusterSize, faultModel, network }).pipe(
    Layer.provide(Newcomers.layer()),
    Layer.provide(RepoWriter.layer({ cacheBytes: 0 })),
    Layer.provide(around)
  )
}

const doAgain = ({ event }: Deed) =>
  Effect.gen(function* () {
    const member = yield* ClusterMember
    if (event._tag === "Forget") return yield* member.forget(event.action)
    if (event._tag === "Enter") return yield* member.enter(event.entry)
    return yield* member.answer(event.request)
  })

const answerOf = ({ outputs }: Deed) => outputs.find((output) => output._tag === "Answer")?.answer
const noticesOf = ({ outputs }: Deed) => outputs.filter((output) => output._tag !== "Answer")

const allRecords = Effect.gen(function* () {
  const raw = yield* RawStorage
  const records: Array<StorageRecord> = []
  for (const space of SPACES) {
    yield* visitBlocks(raw, space, (block) =>
      Effect.map(
        Effect.forEach(KINDS, (kind) => raw.range({ block, kind, limit: MANY, space })),
        (found) => {
          records.push(...found.flat())
        }
      )
    )
  }
  return records
})

const STEPS = 80
const KINDS = ["", "head", "members", "rev", "change", "whole", "pend", "manifest", "vote"]
const MANY = 10_000

const plain = (records: Iterable<StorageRecord>) =>
  [...records].map(({ key, value }) => `${key.join("/")} ${value}`).toSorted()

/** Asks a member for all that its counterpart on the stage did, some at once, and starts it anew now and then. */
const replay = (stage: RecordingStage, name: string, seed: string) =>
  Effect.gen(function* () {
    const prng = make(`${seed} ${name}`)
    const deeds = [...(stage.deeds.get(name) ?? [])]
    while (deeds.length > 0) {
      const lifetime = deeds.splice(0, 1 + prng.nextInt(MOST_IN_A_LIFE))
      const believed = { current: lifetime[0]!.beliefs }
      yield* Effect.gen(function* () {
        const expected = lifetime.flatMap(noticesOf)
        while (lifetime.length > 0) {
          believed.current = lifetime[0]!.beliefs
          const others = lifetime.findIndex(({ beliefs }) => beliefs !== believed.current)
          const together = others < 0 ? lifetime.length : others
          const some = lifetime.splice(0, 1 + prng.nextInt(Math.min(together, MOST_AT_ONCE)))
          expect(yield* Effect.forEach(some, doAgain, { concurrency: "unbounded" })).toEqual(some.map(answerOf))
        }
        const { notices } = yield* ClusterMember
        expect([...(yield* Queue.takeAll(notices))]).toEqual(expected)
      }).pipe(Effect.provide(Layer.fresh(memberLike(stage, name, believed))))
    }
    expect(plain(yield* allRecords)).toEqual(plain(stage.actor(name).records.values()))
  }).pipe(Effect.provide(MemoryStorage.layer))

const MOST_IN_A_LIFE = 16
const MOST_AT_ONCE = 8

const replayAll = (stage: RecordingStage, seed: string) =>
  Effect.forEach([...stage.actors.keys()], (name) => replay(stage, name, seed), { discard: true })

const directory = new URL("../data/cluster/", import.meta.url)

/** What happened in a script. */
const played = (script: string): RecordingStage => {
  const stage = new RecordingStage()
  rewrite(readFileSync(new URL(script, directory), "utf8"), (command) => {
    perform(stage, command)
    return []
  })
  return stage
}

/** A store that writes nothing until it may. */
const held = (may: Deferred.Deferred<void>) =>
  Layer.effect(
    RawStorage,
    Effect.map(RawStorage, (raw) => ({
      ...raw,
      write: (batch) => Effect.zipRight(Deferred.await(may), raw.write(batch))
    }))
  ).pipe(Layer.provide(MemoryStorage.layer))

/** Asks a member for all that its counterpart did, without waiting for it; gives what it then tells of by itself. */
const askInVain = (stage: RecordingStage, name: string) =>
  Effect.gen(function* () {
    const may = yield* Deferred.make<void>()
    const deeds = stage.deeds.get(name)!
    return yield* Effect.gen(function* () {
      const member = yield* ClusterMember
      const applied: Array<Manifest> = []
      yield* member.onApplied((manifest) => void applied.push(manifest))
      const asking = yield* Effect.forkAll(deeds.map(doAgain))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(asking)
      yield* Deferred.succeed(may, undefined)
      // What was asked before is answered before.
      yield* member.answer({ _tag: "Ask", actionId: NO_ACTION, wantsPayload: false })
      return { applied: applied.length, notices: [...(yield* Queue.takeAll(member.notices))] }
    }).pipe(Effect.provide(memberLike(stage, name, { current: deeds[0]!.beliefs }).pipe(Layer.provideMerge(held(may)))))
  }).pipe(Effect.scoped)

/** The transaction that a deed applied, unless it was applied already. */
const appliedIn = (deed: Deed): ReadonlyArray<ActionId> => {
  const { event } = deed
  const answer = answerOf(deed)
  const isCommitted = typeof answer === "object" && answer._tag === "Ended" && answer.ending._tag === "Committed"
  return event._tag === "Request" && event.request._tag === "Apply" && isCommitted ? [event.request.actionId] : []
}

const NO_ACTION = ActionId.make("a".repeat(52))

describe("A member that is asked by somebody who gives up while it writes", () => {
  it.effect("tells of what it has applied, and raises its alarms, which are counted", () =>
    Effect.gen(function* () {
      const stage = played("19-alarms.txt")
      for (const [name, deeds] of stage.deeds) {
        const grown = fromNow()
        const { applied, notices } = yield* askInVain(stage, name)
        expect(notices).toEqual(deeds.flatMap(noticesOf))
        expect(grown("optimystic_alarms_total")).toBe(notices.filter(({ _tag }) => _tag === "Alarm").length)
        expect(applied).toBe(new Set(deeds.flatMap(appliedIn)).size)
      }
    })
  )
})

describe("A member on a store does what the pure machine does", () => {
  for (const name of readdirSync(directory).toSorted()) {
    it.effect(`in the script ${name}`, () => replayAll(played(name), name))
  }

  for (const setting of [
    [...HOME, "transaction X writes books", "transaction Y writes books"],
    [...HOME, ...AWAY, "transaction X writes books films", "transaction Y writes books"]
  ]) {
    for (const seed of ["a", "b", "c"]) {
      it.effect(`on the walk ${seed} with ${setting.length} facts`, () => {
        const stage = new RecordingStage()
        const prng = make(`${seed} ${setting.length}`)
        for (const command of setting) perform(stage, command)
        for (let i = 0; i < STEPS; i++) for (const command of draw(prng, HONEST)) perform(stage, command)
        return replayAll(stage, seed)
      })
    }
  }
})
