import { noise } from "@chainsafe/libp2p-noise"
import { yamux } from "@chainsafe/libp2p-yamux"
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys"
import { identify } from "@libp2p/identify"
import type { Libp2p } from "@libp2p/interface"
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from "@libp2p/kad-dht"
import { ping } from "@libp2p/ping"
import { tcp } from "@libp2p/tcp"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { createLibp2p } from "libp2p"
import type { Invalid } from "../../../schemas/Errors.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import { Discovery } from "../../../services/Discovery.ts"
import { Signer } from "../../../services/Signer.ts"
import { protocolId } from "../../../src/network/protocolId.ts"
import type { Identity } from "../../crypto/Identity.ts"
import { gaterOf, peerOf } from "./gaterOf.ts"
import { HostUnavailable } from "./HostUnavailable.ts"
import * as Libp2pDiscovery from "./Libp2pDiscovery.ts"
import { type CheckedOptions, checked, type Libp2pOptions } from "./Libp2pOptions.ts"
import { type WireEvent, WireEvents } from "./WireEvents.ts"
import { ensureWithResolvers } from "./withResolvers.ts"

/** A node of libp2p, as long as the scope. */
export interface Libp2pHostService {
  /** For what else one may want of libp2p; closed by the layer. */
  readonly node: Libp2p
  readonly self: PeerId
  readonly options: CheckedOptions
  readonly events: WireEvents
  /** What went wrong with others so far, by kind. */
  readonly counts: Effect.Effect<Readonly<Partial<Record<WireEvent, number>>>>
}

/** The port to libp2p, for what is built on it. */
export class Libp2pHost extends Context.Tag("optimystic/Libp2pHost")<Libp2pHost, Libp2pHostService>() {}

/** Measured fact 8: with a larger window a slow reader's stream dies of what it has not read. */
const MAX_STREAM_WINDOW_BYTES = 1 << 20
/** Streams of a connection that are not yet of any protocol, pings and walks included. */
const MAX_STREAMS_PER_CONNECTION = 64
/** How long a node waits, as it stops, for others to notice. */
const CLOSE_MILLIS = 1_000

const create = async (identity: Identity, options: CheckedOptions, events: WireEvents): Promise<Libp2p> => {
  const { announce, limits, listen, network, reach } = options
  return createLibp2p({
    addresses: { announce: [...announce], listen: [...listen] },
    connectionEncrypters: [noise()],
    connectionGater: gaterOf(options.allow, events),
    connectionManager: {
      addressDialTimeout: limits.dialMillis,
      connectionCloseTimeout: CLOSE_MILLIS,
      dialTimeout: limits.dialMillis,
      inboundConnectionThreshold: limits.maxConnectionsPerSecond,
      inboundStreamProtocolNegotiationTimeout: limits.handshakeMillis,
      inboundUpgradeTimeout: limits.handshakeMillis,
      maxConnections: limits.maxConnections,
      maxIncomingPendingConnections: limits.maxPendingConnections,
      outboundStreamProtocolNegotiationTimeout: limits.handshakeMillis
    },
    privateKey: await generateKeyPairFromSeed("Ed25519", Redacted.value(identity.seed)),
    services: {
      dht: kadDHT({
        // Where nobody is known yet there is nobody to wait for.
        allowQueryWithZeroPeers: true,
        clientMode: listen.length === 0 && announce.length === 0,
        peerInfoMapper: reach === "everywhere" ? passthroughMapper : removePrivateAddressesMapper,
        protocol: protocolId(network, "kad")
      }),
      identify: identify(),
      ping: ping()
    },
    start: false,
    streamMuxers: [
      yamux({
        maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
        maxOutboundStreams: MAX_STREAMS_PER_CONNECTION,
        streamOptions: { maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES }
      })
    ],
    // Without it a small frame waits for the answer to the one before.
    transports: [tcp({ dialOpts: { noDelay: true }, listenOpts: { noDelay: true } })]
  })
}

/** A protocol that everybody of a network has, and nobody speaks. */
const PRESENCE = "presence"

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const start = (
  identity: Identity,
  options: CheckedOptions,
  events: WireEvents
): Effect.Effect<Libp2p, HostUnavailable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      catch: (error) => new HostUnavailable({ reason: reasonOf(error) }),
      try: async () => {
        ensureWithResolvers()
        const node = await create(identity, options, events)
        try {
          // By its protocols others tell of which network a peer is: also one that answers nothing, or nothing yet.
          await node.handle(protocolId(options.network, PRESENCE), (stream) =>
            stream.abort(new Error("nothing to say"))
          )
          await node.start()
          return node
        } catch (error) {
          await node.stop()
          throw error
        }
      }
    }),
    (node) => Effect.ignore(Effect.tryPromise(() => Promise.resolve(node.stop())))
  )

/** Hangs up on a peer that has more connections than two peers need. */
const boundConnections = (node: Libp2p, { limits }: CheckedOptions, events: WireEvents): void => {
  node.addEventListener("connection:open", ({ detail: connection }) => {
    const { remotePeer } = connection
    if (node.getConnections(remotePeer).length <= limits.maxConnectionsPerPeer) return
    events.record("TooManyConnections", remotePeer.toString(), `more than ${limits.maxConnectionsPerPeer}`)
    connection.abort(new Error("too many connections"))
  })
}

const make = (identity: Identity, unchecked: Libp2pOptions) =>
  Effect.gen(function* () {
    const options = yield* checked(unchecked)
    const { peer: signing } = yield* Signer
    const events = new WireEvents(yield* Effect.runtime<never>())
    const node = yield* start(identity, options, events)
    const self = peerOf(node.peerId)
    if (self === undefined || self !== signing) {
      return yield* Effect.dieMessage(
        `The connections of a node are those of ${self}, its signatures those of ${signing}`
      )
    }
    boundConnections(node, options, events)
    const host = { counts: Effect.sync(() => events.counts), events, node, options, self }
    const discovery = yield* Libp2pDiscovery.make(host)
    return Context.make(Libp2pHost, host).pipe(Context.add(Discovery, discovery))
  })

/** A node of libp2p: tcp, noise, yamux, identify, ping, kad-dht. It has one and the same identity as the `Signer` of the composition. */
export const layer = (
  identity: Identity,
  options: Libp2pOptions
): Layer.Layer<Libp2pHost | Discovery, HostUnavailable | Invalid, Signer> =>
  Layer.scopedContext(make(identity, options))
