import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ClusterNode from "../../../layers/cluster/ClusterNode.ts"
import * as NodeCrypto from "../../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../../layers/crypto/NodeEntropy.ts"
import * as Roster from "../../../layers/network/Roster.ts"
import * as MemoryStorage from "../../../layers/storage/MemoryStorage.ts"
import * as Tree from "../../../src/collection/Tree.ts"
import { identityOf, network, signerOf } from "../../storage/TestServices.ts"
import { acquainted, type Peer } from "./nodes.ts"

const SEEDS = [11, 12, 13, 14]

const Cities = Tree.define("cities", {
  entry: Schema.Struct({ name: Schema.String, people: Schema.Int }),
  key: Schema.String,
  keyOf: ({ name }) => name
})

/** A whole node on a peer. */
const nodeOn = (peer: Peer, seed: number) =>
  ClusterNode.layer({ clusterSize: SEEDS.length, faultModel: "byzantine", network }).pipe(
    Layer.provide(Roster.layer(SEEDS.map((each) => signerOf(each).peer))),
    Layer.provide(Layer.succeedContext(peer)),
    Layer.provide(MemoryStorage.layer),
    Layer.provide(NodeEntropy.layer),
    Layer.provide(NodeCrypto.layer(identityOf(seed)))
  )

const cluster = Effect.gen(function* () {
  const peers = yield* acquainted(SEEDS)
  const nodes = yield* Effect.forEach(peers, (peer, i) => Layer.build(nodeOn(peer, SEEDS[i]!)))
  return { nodes, peers }
})

it.scopedLive("What is committed through one node of a cluster is read through another, over sockets", () =>
  Effect.gen(function* () {
    const { nodes } = yield* cluster
    const [one, , , other] = nodes
    yield* Effect.gen(function* () {
      const cities = yield* Tree.openOrCreate(Cities)
      for (const people of [1, 2, 3]) yield* cities.put({ name: "Uppsala", people })
      yield* cities.putAll(Array.from({ length: 200 }, (_, i) => ({ name: `city ${i}`, people: i })))
    }).pipe(Effect.provide(one!))
    yield* Effect.gen(function* () {
      const cities = yield* Tree.open(Cities)
      expect(yield* cities.get("Uppsala")).toEqual(Option.some({ name: "Uppsala", people: 3 }))
      expect(yield* cities.count()).toBe(201)
      yield* cities.put({ name: "Lund", people: 4 })
    }).pipe(Effect.provide(other!))
    const lund = Effect.flatMap(Tree.open(Cities), (cities) => cities.get("Lund"))
    expect(Option.isSome(yield* Effect.provide(lund, nodes[1]!))).toBe(true)
  })
)
