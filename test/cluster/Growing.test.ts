/** Whole nodes without a roster, in one program: what is created while others arrive. */
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Diary } from "effect-optimystic"
import * as DirectoryNode from "../../layers/cluster/DirectoryNode.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import * as MemoryNetwork from "../../layers/network/MemoryNetwork.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import { Directory } from "../../services/Directory.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import { hasher, identityOf, network, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, on } from "./MemoryCluster.ts"

const NAME = "name"
const FOUNDERS = [1, 2, 3, 4]
const peersOf = (seeds: ReadonlyArray<number>) => seeds.map((seed) => signerOf(seed).peer)

/** Peers that are closer to the name than any founder. */
const NEWCOMERS = (() => {
  const seeds = Array.from({ length: 100 }, (_, i) => i + 1)
  const closest = new Neighbourhood(hasher, peersOf(seeds)).closest(collectionId(hasher, NAME), CLUSTER_SIZE)
  return seeds.filter((seed) => closest.includes(signerOf(seed).peer))
})()
const Names = Diary.define(NAME, { entry: Schema.String })

/** What is held: `hasArrived` says whether whoever asks has told anybody that it arrives. */
type IsHeld = (from: PeerId, question: string, hasArrived: boolean) => boolean

/** A network that holds what is asked of some kind, from its first question on, until it lets go. */
class HoldingHub extends MemoryNetwork.MemoryHub {
  /** When the first is held, and when all are let go. */
  readonly reached: Deferred.Deferred<void>
  readonly letGo: Deferred.Deferred<void>
  /** Who has said to whom that it arrives. */
  readonly heeding = new Set<string>()
  readonly #isHeld: IsHeld

  private constructor(isHeld: IsHeld, reached: Deferred.Deferred<void>, letGo: Deferred.Deferred<void>) {
    super()
    this.#isHeld = isHeld
    this.reached = reached
    this.letGo = letGo
  }

  static readonly make = (isHeld: IsHeld) =>
    Effect.zipWith(
      Deferred.make<void>(),
      Deferred.make<void>(),
      (reached, letGo) => new HoldingHub(isHeld, reached, letGo)
    )

  /** Also told of as a newcomer by everybody. */
  rumoured: PeerId | undefined

  override deliver(from: PeerId, to: PeerId, protocol: string, question: string) {
    const honest = super.deliver(from, to, protocol, question)
    const { rumoured } = this
    const answer =
      rumoured !== undefined && question.includes('"_tag":"Arrive"')
        ? Effect.map(honest, (text) => {
            const told = JSON.parse(text) as Extract<RepoAnswer, { _tag: "Arrived" }>
            return JSON.stringify(
              told._tag === "Arrived" ? { ...told, newcomers: [...told.newcomers, rumoured] } : told
            )
          })
        : honest
    if (question.includes('"_tag":"Arrive"')) this.heeding.add(`${from} ${to}`)
    const hasArrived = [...this.heeding].some((said) => said.startsWith(from))
    if (!this.#isHeld(from, question, hasArrived)) return answer
    return Deferred.succeed(this.reached, undefined).pipe(
      Effect.zipRight(Deferred.await(this.letGo)),
      Effect.zipRight(answer)
    )
  }
}

const LONG_MILLIS = 60_000

const nodeOf = (hub: MemoryNetwork.MemoryHub, seed: number, storage: Layer.Layer<RawStorage> = MemoryStorage.layer) =>
  Layer.build(
    DirectoryNode.layer({
      activation: { alonenessMillis: 500, doubtMillis: LONG_MILLIS, lookMillis: 20 },
      clusterSize: CLUSTER_SIZE,
      directory: { policy: { exchangeMillis: 50, tickMillis: 10 }, role: "transaction" },
      faultModel: "byzantine",
      founders: peersOf(FOUNDERS),
      network,
      // Nobody brings to an end what others drive.
      patience: { patienceMillis: LONG_MILLIS, sweepMillis: LONG_MILLIS, viewMillis: 50 }
    }).pipe(
      Layer.provide(GivenPeers.layer(peersOf(FOUNDERS))),
      Layer.provide(MemoryNetwork.layer(hub)),
      Layer.provide(storage),
      Layer.provide(NodeEntropy.layer),
      Layer.provide(NodeCrypto.layer(identityOf(seed)))
    )
  )

type Node = Effect.Effect.Success<ReturnType<typeof nodeOf>>

const nodesOf = (hub: MemoryNetwork.MemoryHub, seeds: ReadonlyArray<number>) =>
  Effect.forEach(seeds, (seed) => nodeOf(hub, seed), { concurrency: "unbounded" })

const isActive = (node: Node) =>
  on(node as Context.Context<Directory>)(Effect.map(Directory, (directory) => directory.own()?.active === true))

/** Waits until each of some nodes knows so many active peers. */
const knowing = (nodes: ReadonlyArray<Node>, count: number) =>
  Effect.forEach(nodes, (node) =>
    Effect.flatMap(Directory, (directory) =>
      Effect.repeat(Effect.zipRight(Effect.sleep(Duration.millis(10)), Effect.sync(directory.known)), {
        until: (known) => known.filter(({ record }) => record.active).length === count
      })
    ).pipe(on(node))
  )

/** Waits until each newcomer has told each other one, and each founder, that it arrives. */
const heedingEachOther = (hub: HoldingHub) =>
  Effect.repeat(Effect.sleep(Duration.millis(10)), {
    until: () =>
      peersOf(NEWCOMERS).every((peer) =>
        peersOf([...FOUNDERS, ...NEWCOMERS]).every((other) => other === peer || hub.heeding.has(`${peer} ${other}`))
      )
  })

const write = (node: Node, entry: string) =>
  on(node)(Effect.flatMap(Diary.openOrCreate(Names), (diary) => diary.append(entry)))
const readAll = (node: Node) =>
  on(node)(Effect.flatMap(Diary.open(Names), (diary) => Stream.runCollect(diary.read()))).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )

/** Longer than it takes newcomers that wait for nobody to be active. */
const A_WHILE = Duration.millis(600)

describe("A name that is created while all that will be closest to it arrive", () => {
  it.scopedLive("before them: they wait until it is decided, and know it then", () =>
    Effect.gen(function* () {
      const [author] = peersOf(FOUNDERS)
      const hub = yield* HoldingHub.make((from, question) => from === author && question.includes('"_tag":"Accept"'))
      const founders = yield* nodesOf(hub, FOUNDERS)
      yield* knowing(founders, FOUNDERS.length)
      const first = yield* Effect.fork(write(founders[0]!, "first"))
      yield* Deferred.await(hub.reached)
      const newcomers = yield* nodesOf(hub, NEWCOMERS)
      // Of each other they hear from the founders.
      yield* heedingEachOther(hub)
      yield* Effect.sleep(A_WHILE)
      expect(yield* Effect.forEach(newcomers, isActive)).toEqual(NEWCOMERS.map(() => false))
      yield* Deferred.succeed(hub.letGo, undefined)
      yield* first
      yield* knowing(newcomers, FOUNDERS.length + NEWCOMERS.length)
      yield* write(newcomers[0]!, "second")
      for (const node of [founders[1]!, newcomers[1]!]) expect(yield* readAll(node)).toEqual(["first", "second"])
    })
  )

  it.scopedLive("after them: it is created by the newcomers, once they are active", () =>
    Effect.gen(function* () {
      const arriving = new Set(peersOf(NEWCOMERS))
      const hub = yield* HoldingHub.make(
        (from, question, hasArrived) => arriving.has(from) && hasArrived && question.includes('"_tag":"Entries"')
      )
      const founders = yield* nodesOf(hub, FOUNDERS)
      yield* knowing(founders, FOUNDERS.length)
      const newcomers = yield* nodesOf(hub, NEWCOMERS)
      yield* Deferred.await(hub.reached)
      yield* Effect.sleep(A_WHILE)
      const first = yield* Effect.fork(write(founders[0]!, "first"))
      yield* Effect.sleep(A_WHILE)
      expect(first.unsafePoll()).toBeNull()
      yield* Deferred.succeed(hub.letGo, undefined)
      yield* first
      yield* knowing([...founders, ...newcomers], FOUNDERS.length + NEWCOMERS.length)
      for (const node of [founders[1]!, newcomers[1]!]) expect(yield* readAll(node)).toEqual(["first"])
    })
  )
})

describe("A newcomer", () => {
  const [newcomer] = NEWCOMERS as [number]

  it.scopedLive("is not active before it knows the record of another that f + 1 tell of", () =>
    Effect.gen(function* () {
      const hub = yield* HoldingHub.make(() => false)
      const founders = yield* nodesOf(hub, FOUNDERS)
      yield* knowing(founders, FOUNDERS.length)
      hub.rumoured = signerOf(200).peer
      const node = yield* nodeOf(hub, newcomer)
      yield* Effect.sleep(A_WHILE)
      expect(yield* isActive(node)).toBe(false)
      hub.rumoured = undefined
      yield* knowing([node], FOUNDERS.length + 1)
    })
  )

  it.scopedLive("is heeded only by those who know its record", () =>
    Effect.gen(function* () {
      const hub = yield* HoldingHub.make(() => false)
      const founders = yield* nodesOf(hub, FOUNDERS)
      yield* knowing(founders, FOUNDERS.length)
      const stranger = signerOf(newcomer).peer
      const question = JSON.stringify({ _tag: "Arrive" } satisfies RepoQuestion)
      for (const to of peersOf(FOUNDERS)) yield* hub.deliver(stranger, to, repoProtocol.name, question)
      yield* write(founders[0]!, "first")
      expect(yield* readAll(founders[1]!)).toEqual(["first"])
    })
  )
})

describe("The first peers", () => {
  it.scopedLive("are heeded by each other before they are active", () =>
    Effect.gen(function* () {
      const hub = yield* HoldingHub.make(() => false)
      const founders = yield* nodesOf(hub, FOUNDERS)
      yield* knowing(founders, FOUNDERS.length)
      const peers = peersOf(FOUNDERS)
      for (const peer of peers) {
        const heeding = peers.filter((other) => hub.heeding.has(`${peer} ${other}`))
        expect(heeding).toEqual(peers.filter((other) => other !== peer))
      }
    })
  )
})

/** Nodes that can be stopped, and started again with what they wrote down. */
const runsOf = Effect.fnUntraced(function* (hub: MemoryNetwork.MemoryHub, seeds: ReadonlyArray<number>) {
  const disks = yield* Effect.forEach(seeds, () => Layer.build(MemoryStorage.layer))
  const start = Effect.gen(function* () {
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const started = seeds.map((seed, i) => nodeOf(hub, seed, Layer.succeedContext(disks[i]!)))
    const nodes = yield* Scope.extend(Effect.all(started, { concurrency: "unbounded" }), scope)
    return { nodes, stop: Scope.close(scope, Exit.void) }
  })
  /** Waits until all have written down so many peers. */
  const remembering = (count: number) =>
    Effect.forEach(disks, (disk) =>
      Effect.flatMap(RawStorage, (raw) =>
        Effect.repeat(raw.range({ block: "", kind: "peer", limit: count + 1, space: "store" }), {
          schedule: Schedule.spaced("20 millis"),
          until: (records) => records.length === count
        })
      ).pipe(on(disk))
    )
  return { remembering, start }
})

describe("Nodes that were all stopped", () => {
  it.scopedLive("create no name anew that only those know who are not back yet", () =>
    Effect.gen(function* () {
      const hub = new MemoryNetwork.MemoryHub()
      const [founders, newcomers] = [yield* runsOf(hub, FOUNDERS), yield* runsOf(hub, NEWCOMERS)]
      const size = FOUNDERS.length + NEWCOMERS.length
      const before = [yield* founders.start, yield* newcomers.start]
      yield* knowing(
        before.flatMap(({ nodes }) => nodes),
        size
      )
      yield* write(before[1]!.nodes[0]!, "first")
      yield* founders.remembering(size - 1)
      yield* newcomers.remembering(size - 1)
      for (const { stop } of before) yield* stop
      const { nodes } = yield* founders.start
      yield* knowing(nodes, size)
      const attempt = yield* Effect.exit(Effect.timeout(write(nodes[0]!, "second"), A_WHILE))
      expect(Exit.isFailure(attempt)).toBe(true)
      yield* newcomers.start
      yield* write(nodes[0]!, "third")
      expect(yield* readAll(nodes[1]!)).toEqual(["first", "third"])
    })
  )
})
