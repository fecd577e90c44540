import { expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ClusterNode from "../../layers/cluster/ClusterNode.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import * as DirectoryLayer from "../../layers/directory/Directory.ts"
import * as KeyNetworkLayer from "../../layers/directory/KeyNetwork.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import * as MemoryNetwork from "../../layers/network/MemoryNetwork.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import { Directory } from "../../services/Directory.ts"
import * as Tree from "../../src/collection/Tree.ts"
import { on } from "../cluster/MemoryCluster.ts"
import { identityOf, network, signerOf } from "../storage/TestServices.ts"

const SEEDS = [1, 2, 3, 4]
const Words = Tree.define("words", {
  entry: Schema.Struct({ word: Schema.String }),
  key: Schema.String,
  keyOf: ({ word }) => word
})

/** A node that is told of one peer, and finds the others, and with them who keeps what, by itself. */
const nodeOf = (hub: MemoryNetwork.MemoryHub, seed: number) =>
  ClusterNode.layer({ clusterSize: SEEDS.length, faultModel: "byzantine", network }).pipe(
    Layer.provideMerge(KeyNetworkLayer.layer),
    Layer.provideMerge(
      DirectoryLayer.layer({ active: true, network, policy: { tickMillis: 20 }, role: "transaction" })
    ),
    Layer.provide(GivenPeers.layer([signerOf(SEEDS[0]!).peer])),
    Layer.provide(MemoryNetwork.layer(hub)),
    Layer.provide(MemoryStorage.layer),
    Layer.provide(NodeEntropy.layer),
    Layer.provide(NodeCrypto.layer(identityOf(seed)))
  )

it.scopedLive("Nodes that came to know each other create a collection; what one commits, another reads", () =>
  Effect.gen(function* () {
    const hub = new MemoryNetwork.MemoryHub()
    const nodes = yield* Effect.forEach(SEEDS, (seed) => Layer.build(nodeOf(hub, seed)))
    const knowAll = () => nodes.every((node) => Context.get(node, Directory).known().length === SEEDS.length)
    yield* Effect.repeat(Effect.sleep("20 millis"), { until: knowAll }).pipe(Effect.timeout("5 seconds"))
    yield* on(nodes[1]!)(Effect.flatMap(Tree.openOrCreate(Words), (tree) => tree.put({ word: "closest" })))
    const found = yield* on(nodes[3]!)(Effect.flatMap(Tree.open(Words), (tree) => tree.get("closest")))
    expect(found).toEqual(Option.some({ word: "closest" }))
  })
)
