/** Peers on sockets of this machine, for tests. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeCrypto from "../../../layers/crypto/NodeCrypto.ts"
import { Libp2pHost, Libp2pNetwork, type Libp2pOptions } from "../../../layers/network/libp2p/index.ts"
import type { Libp2pHostService } from "../../../layers/network/libp2p/Libp2pHost.ts"
import { Address } from "../../../schemas/Address.ts"
import { Discovery } from "../../../services/Discovery.ts"
import { PeerNetwork } from "../../../services/PeerNetwork.ts"
import { identityOf, network } from "../../storage/TestServices.ts"

const ANY_PORT = Address.make("/ip4/127.0.0.1/tcp/0")

/** A peer, by the byte of its seed, on a port of its own. */
export const peerLayer = (seed: number, options: Partial<Libp2pOptions> = {}) =>
  Libp2pNetwork.layer.pipe(
    Layer.provideMerge(Libp2pHost.layer(identityOf(seed), { listen: [ANY_PORT], network, ...options })),
    Layer.provide(NodeCrypto.layer(identityOf(seed)))
  )

/** All there is of a peer. */
export type Peer = Context.Context<PeerNetwork | Discovery | Libp2pHost.Libp2pHost>

/** A peer in the scope. */
export const peerOn = (seed: number, options?: Partial<Libp2pOptions>) => Layer.build(peerLayer(seed, options))

export const networkOf = (peer: Peer) => Context.get(peer, PeerNetwork)
export const hostOf = (peer: Peer): Libp2pHostService => Context.get(peer, Libp2pHost.Libp2pHost)
export const discoveryOf = (peer: Peer) => Context.get(peer, Discovery)

/** Tells a peer where another is. */
export const introduce = (peer: Peer, other: Peer) =>
  Effect.flatMap(discoveryOf(other).addresses, (addresses) =>
    discoveryOf(peer).remember({ addresses, peer: hostOf(other).self })
  )

/** Peers that know where each other are. */
export const acquainted = (seeds: ReadonlyArray<number>, options?: Partial<Libp2pOptions>) =>
  Effect.gen(function* () {
    const peers = yield* Effect.forEach(seeds, (seed) => peerOn(seed, options))
    for (const peer of peers) for (const other of peers) if (peer !== other) yield* introduce(peer, other)
    return peers
  })
