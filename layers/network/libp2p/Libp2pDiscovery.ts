/**
 * What libp2p finds: peers to start from, peers that introduce themselves on a connection, peers of a walk through kad-dht.
 */
import type { Connection, Libp2p } from "@libp2p/interface"
import { peerIdFromString } from "@libp2p/peer-id"
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr"
import * as Effect from "effect/Effect"
import * as PubSub from "effect/PubSub"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Address } from "../../../schemas/Address.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { DiscoveryService, FoundPeer } from "../../../services/Discovery.ts"
import { protocolPrefix } from "../../../src/network/protocolId.ts"
import { BackOff } from "./BackOff.ts"
import { dialFailure } from "./dialFailure.ts"
import { peerOf } from "./gaterOf.ts"
import type { BootstrapPeer, CheckedOptions } from "./Libp2pOptions.ts"
import type { WireEvents } from "./WireEvents.ts"

/** What of a host is needed here. */
interface Found {
  readonly node: Libp2p
  readonly options: CheckedOptions
  readonly events: WireEvents
}

/** Findings that nobody has taken yet; of more the oldest are dropped. */
const MAX_FOUND = 1_024
/** Of what a peer says of itself: more addresses than that lead nowhere. */
const MAX_ADDRESSES = 16

const isAddress = Schema.is(Address)

/** Addresses, without the id that they may end with. */
export const addressesOf = (all: ReadonlyArray<Multiaddr>): ReadonlyArray<Address> => {
  const texts = all.slice(0, MAX_ADDRESSES).map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ""))
  return [...new Set(texts)].filter(isAddress)
}

/** Dials a peer to start from until it has answered once. */
const bootstrapFrom = ({ events, node, options }: Found, { address, peer }: BootstrapPeer): Effect.Effect<void> => {
  const backOff = new BackOff(options.backOff)
  const dial = Effect.tryPromise({
    catch: dialFailure,
    try: (signal) => node.dial(multiaddr(`${address}/p2p/${peer}`), { signal })
  })
  const attempt: Effect.Effect<void> = Effect.catchAll(Effect.asVoid(dial), ({ isSomebodyElse, reason }) => {
    events.record(isSomebodyElse ? "WrongIdentity" : "BootstrapFailed", peer, `${address}: ${reason}`)
    return Effect.zipRight(
      backOff.failed,
      Effect.suspend(() => Effect.delay(attempt, backOff.leftMillis(performance.now())))
    )
  })
  return attempt
}

/** Peers of other networks are let go: their connections are of no use to either. */
const isOfNetwork = (
  { events, options }: Found,
  peer: PeerId,
  protocols: ReadonlyArray<string>,
  connection: Connection
): boolean => {
  if (protocols.some((protocol) => protocol.startsWith(protocolPrefix(options.network)))) return true
  events.record("OtherNetwork", peer, `it has no protocol of ${options.network}`)
  connection.abort(new Error("another network"))
  return false
}

/** What a node finds, and is told. */
export const make = (host: Found): Effect.Effect<DiscoveryService, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { node, options } = host
    const found = yield* Effect.acquireRelease(
      PubSub.sliding<FoundPeer>({ capacity: MAX_FOUND, replay: MAX_FOUND }),
      PubSub.shutdown
    )
    const tell = (peer: PeerId | undefined, addresses: ReadonlyArray<Address>): void => {
      if (peer !== undefined && addresses.length > 0) found.unsafeOffer({ addresses, peer })
    }
    node.addEventListener("peer:discovery", ({ detail: { id, multiaddrs } }) =>
      tell(peerOf(id), addressesOf(multiaddrs))
    )
    node.addEventListener("peer:identify", ({ detail: { connection, listenAddrs, peerId, protocols } }) => {
      const peer = peerOf(peerId)
      if (peer !== undefined && isOfNetwork(host, peer, protocols, connection)) tell(peer, addressesOf(listenAddrs))
    })
    for (const { address, peer } of options.bootstrap) tell(peer, [address])
    yield* Effect.forEach(options.bootstrap, (peer) => Effect.forkScoped(bootstrapFrom(host, peer)), { discard: true })
    return {
      addresses: Effect.sync(() => addressesOf(node.getMultiaddrs())),
      found: Stream.fromPubSub(found),
      remember: ({ addresses, peer }) =>
        Effect.ignore(
          Effect.tryPromise(() =>
            node.peerStore.merge(peerIdFromString(peer), {
              multiaddrs: addresses.slice(0, MAX_ADDRESSES).map((address) => multiaddr(address))
            })
          )
        )
    }
  })
