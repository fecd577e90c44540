/** A tree whose data blocks are scattered over nine nodes, in clusters of four: what any node does, all others see. */
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Collections, Node, Transaction, Tree } from "effect-optimystic"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import { MemoryHub } from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import type { BranchBlock, CollectionBlock } from "../../schemas/BlockTypes.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { StorageRepo } from "../../services/StorageRepo.ts"
import { collectionId, isScattered } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import * as Prng from "../../src/random/Prng.ts"
import { hasher, signerOf } from "../storage/TestServices.ts"
import { CLUSTER_SIZE, nodesOf, nodeWith, on } from "./MemoryCluster.ts"

const Item = Schema.Struct({ key: Schema.Int, text: Schema.String })
const Items = Tree.define("items", {
  entry: Item,
  key: Schema.Int,
  keyOf: ({ key }) => key,
  placement: "scatter"
})
type Item = typeof Item.Type

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
const READER = 10
const STEPS = 60
const KEYS = 400
/** Enough for several leaves at once. */
const MANY = 150

const patient = {
  retry: Schedule.recurs(50).pipe(
    Schedule.addDelay(() => "5 millis"),
    Schedule.jittered
  )
}

const all = Effect.flatMap(Tree.open(Items), (items) =>
  Effect.map(Stream.runCollect(items.range()), Chunk.toReadonlyArray)
)

const sorted = (model: ReadonlyMap<number, string>): ReadonlyArray<Item> =>
  [...model].map(([key, text]) => ({ key, text })).sort((a, b) => a.key - b.key)

/** One random change, of the tree and of its model. */
const change = (prng: Prng.Prng, step: number, model: Map<number, string>) => {
  const key = prng.nextInt(KEYS)
  const text = `text ${step}`
  const from = prng.nextInt(KEYS)
  const keys = Array.from({ length: 1 + prng.nextInt(MANY) }, (_, i) => from + i)
  const kind = prng.nextInt(8)
  const put = (entries: ReadonlyArray<Item>) => {
    for (const { key, text } of entries) model.set(key, text)
    return Effect.flatMap(Tree.open(Items), (items) => items.putAll(entries))
  }
  switch (kind) {
    case 0:
    case 1:
      return put(keys.map((key) => ({ key, text })))
    case 2:
    case 3:
      for (const each of keys) model.delete(each)
      return Effect.flatMap(Tree.open(Items), (items) => items.deleteAll(keys))
    case 4:
      if (step % 2 === 1) model.clear()
      return step % 2 === 1 ? Effect.flatMap(Tree.open(Items), ({ clear }) => clear) : put([{ key, text }])
    default:
      return put([{ key, text }])
  }
}

/** The tree's branches as a node's own store has them. */
const branchesHere = Effect.gen(function* () {
  const repo = yield* StorageRepo
  const id = collectionId(hasher, "items")
  const [header] = yield* repo.get([{ id }])
  const { root } = header!.block as unknown as CollectionBlock
  const [branch] = yield* repo.get([{ id: root! }])
  return branch!.block as unknown as BranchBlock
})

const rosterLayer = Roster.layer(SEEDS.map((seed) => signerOf(seed).peer)).pipe(Layer.provide(NodeCrypto.layerHasher))

/** A roster of which a node knows something else for the places of scattered blocks. */
const rosterBut = (closest: (place: BlockId) => ReadonlyArray<PeerId>) =>
  Layer.map(rosterLayer, (context) => {
    const keys = Context.get(context, KeyNetwork)
    const home = collectionId(hasher, "items")
    return Context.make(KeyNetwork, {
      ...keys,
      closest: (block, count) => (isScattered(block, home) ? closest(block) : keys.closest(block, count))
    })
  })

const roster = new Neighbourhood(
  hasher,
  SEEDS.map((seed) => signerOf(seed).peer)
)

describe("A scattered tree", () => {
  it.scopedLive(
    "equals a sorted map, whichever of nine nodes changes it and reads it",
    () =>
      Effect.gen(function* () {
        const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
        yield* on(nodes[0]!)(Tree.openOrCreate(Items))
        const prng = Prng.make("scatter")
        const model = new Map<number, string>()
        for (let step = 0; step < STEPS; step++) {
          yield* on(prng.pick(nodes))(Transaction.run(change(prng, step, model), patient))
          if (step % 5 === 0) expect(yield* on(prng.pick(nodes))(all)).toEqual(sorted(model))
        }
        for (const node of nodes) expect(yield* on(node)(all)).toEqual(sorted(model))
        for (const node of nodes.slice(0, 2)) {
          expect(yield* on(node)(Collections.verify("items"))).toMatchObject({ isComplete: true, problems: [] })
        }
      }),
    60_000
  )

  it.scopedLive("has its leaves in clusters of their own, which the branch above them names", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      yield* on(nodes[0]!)(
        Effect.flatMap(Tree.openOrCreate(Items), (items) =>
          items.putAll(Array.from({ length: KEYS }, (_, key) => ({ key, text: "entry" })))
        )
      )
      const home = collectionId(hasher, "items")
      const homeMembers = roster.closest(home, CLUSTER_SIZE)
      const atHome = nodes[SEEDS.findIndex((seed) => homeMembers.includes(signerOf(seed).peer))]!
      const { children, clusterOf, clusters } = yield* on(atHome)(branchesHere)
      expect(children.length).toBeGreaterThan(4)
      for (const [i, child] of children.entries()) {
        expect(isScattered(child, home)).toBe(true)
        expect(clusters![clusterOf![i]!]).toEqual(roster.closest(child, CLUSTER_SIZE))
      }
      const keepers = (id: BlockId) =>
        Effect.filter(SEEDS, (_seed, i) =>
          on(nodes[i]!)(
            Effect.flatMap(StorageRepo, (repo) => Effect.map(repo.get([{ id }]), ([found]) => found !== undefined))
          )
        )
      // Its members store it in the background.
      for (const child of children) {
        const expected = SEEDS.filter((seed) => roster.closest(child, CLUSTER_SIZE).includes(signerOf(seed).peer))
        yield* Effect.repeat(keepers(child), {
          schedule: Schedule.spaced("10 millis"),
          until: (found) => found.join() === expected.join()
        })
      }
      expect(clusters!.length).toBeGreaterThan(1)
    })
  )

  it.scopedLive("is read by who knows from nobody but its branches where the leaves are", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      const entries = Array.from({ length: KEYS }, (_, key) => ({ key, text: "entry" }))
      yield* on(nodes[0]!)(Effect.flatMap(Tree.openOrCreate(Items), (items) => items.putAll(entries)))
      const reader = yield* Layer.build(
        nodeWith(
          hub,
          READER,
          rosterBut(() => [])
        )
      )
      expect(yield* on(reader)(all)).toEqual(entries)
    })
  )

  it.scopedLive("takes no leaf into another cluster than its place is closest to", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      yield* on(nodes[0]!)(Tree.openOrCreate(Items))
      const farthest = (block: BlockId) => roster.nearest(block, SEEDS.length).slice(-CLUSTER_SIZE).toSorted()
      const stray = yield* Layer.build(nodeWith(hub, READER, rosterBut(farthest)))
      const entries = Array.from({ length: KEYS }, (_, key) => ({ key, text: "entry" }))
      const put = on(stray)(Effect.flatMap(Tree.open(Items), (items) => items.putAll(entries)))
      expect((yield* Effect.flip(put)).message).toMatch(/other peers are to keep/)
    })
  )

  it.scopedLive("is read as it was at a past revision, after its leaves have gone on", () =>
    Effect.gen(function* () {
      const nodes = yield* nodesOf(new MemoryHub(), SEEDS)
      const items = yield* on(nodes[0]!)(Tree.openOrCreate(Items))
      yield* items.put({ key: 1, text: "first" })
      yield* items.put({ key: 1, text: "second" })
      yield* items.put({ key: 2, text: "third" })
      for (const node of nodes) {
        const past = yield* on(node)(Effect.flatMap(Tree.open(Items), (items) => items.atRevision(2)))
        expect(yield* past.get(1)).toEqual(Option.some({ key: 1, text: "first" }))
        expect(yield* past.get(2)).toEqual(Option.none())
      }
    })
  )

  it.scopedLive("goes on while one of its nodes is away", () =>
    Effect.gen(function* () {
      const hub = new MemoryHub()
      const nodes = yield* nodesOf(hub, SEEDS)
      const items = yield* on(nodes[0]!)(Tree.openOrCreate(Items))
      yield* items.put({ key: 1, text: "first" })
      const back = hub.cutOff(signerOf(SEEDS[8]!).peer)
      yield* items.put({ key: 1, text: "second" })
      back()
      yield* on(nodes[8]!)(
        Transaction.run(
          Effect.flatMap(Tree.open(Items), (all) => all.put({ key: 2, text: "third" })),
          patient
        )
      )
      expect(yield* items.get(1)).toEqual(Option.some({ key: 1, text: "second" }))
      expect(yield* items.get(2)).toEqual(Option.some({ key: 2, text: "third" }))
    })
  )

  it.live("is a tree like any other on one node", () =>
    Effect.gen(function* () {
      const items = yield* Tree.openOrCreate(Items)
      const prng = Prng.make("alone")
      const model = new Map<number, string>()
      for (let step = 0; step < STEPS; step++) {
        yield* change(prng, step, model)
        expect(yield* all).toEqual(sorted(model))
      }
      expect(yield* items.verify()).toMatchObject({ isComplete: true, problems: [] })
      expect(
        (yield* Effect.map(Stream.runCollect(Collections.list), Chunk.toReadonlyArray)).map(({ name }) => name)
      ).toEqual(["items"])
    }).pipe(Effect.provide(Node.layerLocal()))
  )
})
