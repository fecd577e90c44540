/** Whole nodes of one cluster in one program: in memory, without sockets. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClusterNode from "../../layers/cluster/ClusterNode.ts"
import * as NodeCrypto from "../../layers/crypto/NodeCrypto.ts"
import * as NodeEntropy from "../../layers/crypto/NodeEntropy.ts"
import * as MemoryNetwork from "../../layers/network/MemoryNetwork.ts"
import * as Roster from "../../layers/network/Roster.ts"
import * as MemoryStorage from "../../layers/storage/MemoryStorage.ts"
import type { Hasher } from "../../services/Hasher.ts"
import type { KeyNetwork } from "../../services/KeyNetwork.ts"
import { identityOf, network, signerOf } from "../storage/TestServices.ts"

export const CLUSTER_SIZE = 4

/** A node of a roster: the identity whose seed is this byte. */
export const nodeOf = (
  hub: MemoryNetwork.MemoryHub,
  seed: number,
  seeds: ReadonlyArray<number>,
  options: Partial<ClusterNode.ClusterNodeOptions> = {}
) => nodeWith(hub, seed, Roster.layer(seeds.map((other) => signerOf(other).peer)), options)

/** A node that knows in a way of its own who is close to what, and differs from others in some options. */
export const nodeWith = (
  hub: MemoryNetwork.MemoryHub,
  seed: number,
  keys: Layer.Layer<KeyNetwork, never, Hasher>,
  options: Partial<ClusterNode.ClusterNodeOptions> = {}
) =>
  ClusterNode.layer({ clusterSize: CLUSTER_SIZE, faultModel: "byzantine", network, ...options }).pipe(
    Layer.provide(keys),
    Layer.provide(MemoryNetwork.layer(hub)),
    Layer.provide(MemoryStorage.layer),
    Layer.provide(NodeEntropy.layer),
    Layer.provide(NodeCrypto.layer(identityOf(seed)))
  )

/** The nodes of a roster, all in the scope. */
export const nodesOf = (
  hub: MemoryNetwork.MemoryHub,
  seeds: ReadonlyArray<number>,
  options?: Pick<ClusterNode.ClusterNodeOptions, "patience">
) => Effect.forEach(seeds, (seed) => Layer.build(nodeOf(hub, seed, seeds, options)))

/** Runs an effect on a node. */
export const on =
  <Services>(node: Context.Context<Services>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Services>> =>
    Effect.provide(effect, node)
