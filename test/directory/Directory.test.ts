import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import * as DirectoryLayer from "../../layers/directory/Directory.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import * as MemoryNetwork from "../../layers/network/MemoryNetwork.ts"
import { Address } from "../../schemas/Address.ts"
import { Directory } from "../../services/Directory.ts"
import { Discovery, type FoundPeer } from "../../services/Discovery.ts"
import { defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import * as Prng from "../../src/random/Prng.ts"
import { inSimulation } from "../simulator/inSimulation.ts"
import { hasher, identityOf, network as NETWORK, signerOf } from "../storage/TestServices.ts"
import { DirectoryNetwork, type DirectoryNode, KEYS, markedBy, mistakenKeys } from "./nodes.ts"

const ADDRESS = Address.make("/ip4/127.0.0.1/tcp/4001")

const knownBy = ({ directory }: DirectoryNode) =>
  directory
    .known()
    .map(({ record }) => record.peer)
    .toSorted()

describe("A directory", () => {
  it("counts as closest those that are active, and tells of each change", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("active")
        const first = yield* network.start([])
        const second = yield* network.start([first.peer], { active: false })
        yield* Effect.sleep("3 seconds")
        expect(knownBy(first)).toEqual([first.peer, second.peer].toSorted())
        expect(mistakenKeys(first, [first.peer])).toEqual([])
        expect(first.keys.isAdmitted(second.peer)).toBe(true)
        const change = yield* Effect.fork(
          first.directory.changes.pipe(
            Stream.filter(({ peer }) => peer === second.peer),
            Stream.take(1),
            Stream.runCollect
          )
        )
        yield* Effect.sleep("1 seconds")
        yield* second.directory.announce({ active: true, takesOverFrom: [first.peer] })
        const [changed] = Chunk.toReadonlyArray(yield* Fiber.join(change))
        expect(changed?.before?.active).toBe(false)
        expect(changed?.after).toEqual(second.directory.own())
        expect(changed?.after?.takesOverFrom).toEqual([first.peer])
        for (const node of [first, second]) expect(mistakenKeys(node, [first.peer, second.peer])).toEqual([])
      })
    ))

  it("a client knows everybody, and nobody counts it", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("client")
        const first = yield* network.start([])
        const second = yield* network.start([first.peer])
        const client = yield* network.start([first.peer], { role: "client" })
        yield* Effect.sleep("6 seconds")
        const peers = [first.peer, second.peer]
        for (const node of [first, second, client]) {
          expect(knownBy(node)).toEqual(peers.toSorted())
          expect(mistakenKeys(node, peers)).toEqual([])
          expect(node.keys.isAdmitted(client.peer)).toBe(false)
        }
        expect(client.directory.own()).toBeUndefined()
      })
    ))

  it("keeps up with peers that come and go: who left is marked, who is there is known to all", () =>
    inSimulation(
      Effect.gen(function* () {
        const prng = Prng.make("churn")
        const network = yield* DirectoryNetwork.make("churn")
        const all: Array<DirectoryNode> = [yield* network.start([])]
        let there = [...all]
        for (let i = 0; i < 40; i++) {
          if (there.length > 4 && prng.nextInt(2) === 0) {
            const gone = prng.pick(there.slice(1))
            there = there.filter((node) => node !== gone)
            yield* gone.stop
          } else {
            const node = yield* network.start([prng.pick(there).peer, all[0]!.peer])
            all.push(node)
            there.push(node)
          }
          yield* Effect.sleep(prng.nextInt(2_000))
        }
        yield* Effect.sleep("20 seconds")
        const gone = all.filter((node) => !there.includes(node)).map(({ peer }) => peer)
        expect(gone.length).toBeGreaterThan(5)
        for (const node of there) {
          expect(
            mistakenKeys(
              node,
              all.map(({ peer }) => peer)
            )
          ).toEqual([])
          expect(markedBy(node)).toEqual(gone.toSorted())
        }
      })
    ))

  it("where not all can be known it looks up who is closest, and knows them from then on", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("beyond")
        const policy = {
          directoryLimit: 24,
          lookup: { ...defaultDirectoryPolicy.lookup, answers: 6 },
          neighbours: 12,
          refreshMillis: 5_000
        }
        const nodes: Array<DirectoryNode> = []
        for (let i = 0; i < 40; i++) {
          nodes.push(
            yield* network.start(
              nodes.slice(-1).map(({ peer }) => peer),
              { policy }
            )
          )
          yield* Effect.sleep("200 millis")
        }
        yield* Effect.sleep("15 seconds")
        const node = nodes[30]!
        expect(node.directory.isComplete()).toBe(false)
        expect(node.directory.known()).toHaveLength(policy.directoryLimit)
        const truth = new Neighbourhood(
          hasher,
          nodes.map(({ peer }) => peer)
        )
        const COUNT = 3
        const keys = KEYS.slice(0, 50)
        const uncertain = keys.filter((key) => !node.directory.isCertain(key, COUNT))
        expect(uncertain.length).toBeGreaterThan(0)
        for (const key of keys) {
          const found = yield* node.keys.lookup(key, COUNT)
          expect(found).toEqual(truth.closest(key, COUNT))
          expect(found.every(node.keys.isAdmitted)).toBe(true)
        }
      })
    ))

  it("comes through a network that loses, doubles and reorders messages", () =>
    inSimulation(
      Effect.gen(function* () {
        const network = yield* DirectoryNetwork.make("weather")
        Object.assign(network.network.weather, { duplicationShare: 0.1, lossShare: 0.1, reorderingShare: 0.2 })
        const nodes: Array<DirectoryNode> = []
        for (let i = 0; i < 8; i++) nodes.push(yield* network.start(nodes.slice(0, 1).map(({ peer }) => peer)))
        yield* Effect.sleep("30 seconds")
        for (const node of nodes)
          expect(
            mistakenKeys(
              node,
              nodes.map(({ peer }) => peer)
            )
          ).toEqual([])
      })
    ))

  it("two runs of one seed are the same run", () => {
    const run = () =>
      inSimulation(
        Effect.gen(function* () {
          const network = yield* DirectoryNetwork.make("again")
          const first = yield* network.start([])
          const others = yield* Effect.forEach([1, 2, 3], () => network.start([first.peer]))
          yield* Effect.sleep("4 seconds")
          return [first, ...others].map(({ directory }) => directory.known())
        })
      )
    expect(run()).toEqual(run())
  })
})

describe("Directories in one program, with real keys and in real time", () => {
  const SEEDS = [1, 2, 3, 4, 5, 6]
  const nodeOf = (hub: MemoryNetwork.MemoryHub, seed: number) =>
    DirectoryLayer.layer({ active: true, network: NETWORK, policy: { tickMillis: 20 }, role: "storage" }).pipe(
      Layer.provide(GivenPeers.layer(seed === SEEDS[0] ? [] : [signerOf(SEEDS[0]!).peer])),
      Layer.provide(MemoryNetwork.layer(hub)),
      Layer.provide(NodeEntropy.layer),
      Layer.provide(NodeCrypto.layer(identityOf(seed)))
    )

  it.scopedLive(
    "tell their transport where a peer is when they learn it, and not each time that the peer says something new",
    () =>
      Effect.gen(function* () {
        const hub = new MemoryNetwork.MemoryHub()
        const [first, second] = [1, 2].map((seed) => signerOf(seed).peer)
        const remembered: Array<FoundPeer> = []
        const told = Layer.succeed(Discovery, {
          addresses: Effect.succeed([ADDRESS]),
          found: Stream.concat(Stream.make({ addresses: [], peer: first! }), Stream.never),
          remember: (found) => Effect.sync(() => remembered.push(found))
        })
        const directoryOf = (seed: number, discovery: Layer.Layer<Discovery>) =>
          DirectoryLayer.layer({ network: NETWORK, policy: { tickMillis: 20 }, role: "storage" }).pipe(
            Layer.provide(discovery),
            Layer.provide(MemoryNetwork.layer(hub)),
            Layer.provide(NodeEntropy.layer),
            Layer.provide(NodeCrypto.layer(identityOf(seed))),
            Layer.build,
            Effect.map(Context.get(Directory))
          )
        const one = yield* directoryOf(1, told)
        const other = yield* directoryOf(2, told)
        const knows = (isActive: boolean) => () => one.find(second!)?.record.active === isActive
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: knows(false) }).pipe(Effect.timeout("5 seconds"))
        yield* other.announce({ active: true })
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: knows(true) }).pipe(Effect.timeout("5 seconds"))
        expect(remembered.filter(({ peer }) => peer === second)).toEqual([{ addresses: [ADDRESS], peer: second }])
      })
  )

  it.scopedLive("know each other within seconds, and what each says of itself", () =>
    Effect.gen(function* () {
      const hub = new MemoryNetwork.MemoryHub()
      const nodes = yield* Effect.forEach(SEEDS, (seed) =>
        Effect.map(Layer.build(nodeOf(hub, seed)), (context) => Context.get(context, Directory))
      )
      const isKnown = () => nodes.every((directory) => directory.known().length === SEEDS.length)
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: isKnown }).pipe(Effect.timeout("5 seconds"))
      for (const { find } of nodes) {
        for (const other of nodes) {
          expect(find(other.self)?.record).toEqual(other.own())
          expect(find(other.self)?.record.role).toBe("storage")
        }
      }
    })
  )
})
