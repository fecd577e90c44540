/** Nodes with a directory each, on a simulated network or on one in memory. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as DirectoryLayer from "../../layers/directory/Directory.ts"
import * as KeyNetworkLayer from "../../layers/directory/KeyNetwork.ts"
import * as GivenPeers from "../../layers/network/GivenPeers.ts"
import * as Hub from "../../layers/network/Hub.ts"
import type { BlockId, PeerId } from "../../schemas/Ids.ts"
import { Directory } from "../../services/Directory.ts"
import { Entropy } from "../../services/Entropy.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { PeerNetwork, type PeerNetworkService } from "../../services/PeerNetwork.ts"
import type { SignerService } from "../../services/Signer.ts"
import { KeyRing } from "../../simulator/crypto/KeyRing.ts"
import { FaultCounts } from "../../simulator/FaultCounts.ts"
import { SeededEntropy } from "../../simulator/index.ts"
import { type NetworkPort, SimulatedNetwork } from "../../simulator/network/SimulatedNetwork.ts"
import { collectionId } from "../../src/encoding/BlockIds.ts"
import { Neighbourhood } from "../../src/network/Neighbourhood.ts"
import * as Prng from "../../src/random/Prng.ts"
import { hasher, network as NETWORK } from "../storage/TestServices.ts"

/** How many peers keep a block. */
export const CLUSTER_SIZE = 4

/** A thousand keys. */
export const KEYS: ReadonlyArray<BlockId> = Array.from({ length: 1_000 }, (_, i) => collectionId(hasher, `key ${i}`))

/** What differs from node to node. */
export interface NodeOptions extends Partial<DirectoryLayer.DirectoryOptions> {
  /** How far its clock is ahead. */
  readonly aheadMillis?: number
  /** In place of its port on the network. */
  readonly lying?: (port: PeerNetworkService) => PeerNetworkService
  readonly signer?: SignerService
}

/** A node that runs. */
export interface DirectoryNode {
  readonly signer: SignerService
  readonly peer: PeerId
  readonly port: NetworkPort
  readonly directory: Directory["Type"]
  readonly keys: KeyNetwork["Type"]
  /** Ends it: with it all its messages. */
  readonly stop: Effect.Effect<void>
}

const clockAhead = (clock: Clock.Clock, millis: number): Clock.Clock => ({
  ...clock,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis),
  currentTimeNanos: clock.currentTimeNanos,
  sleep: (duration) => clock.sleep(duration),
  unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + millis,
  unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos()
})

/** A simulated network whose nodes have directories. */
export class DirectoryNetwork {
  readonly network: SimulatedNetwork
  readonly ring: KeyRing
  readonly #prng: Prng.Prng
  #made = 0

  private constructor(network: SimulatedNetwork, prng: Prng.Prng) {
    this.network = network
    this.ring = new KeyRing(hasher)
    this.#prng = prng
  }

  static readonly make = (seed: string): Effect.Effect<DirectoryNetwork> => {
    const prng = Prng.make(seed)
    return Effect.map(
      SimulatedNetwork.make(prng.fork("network"), new FaultCounts()),
      (network) => new DirectoryNetwork(network, prng)
    )
  }

  signer(): SignerService {
    return this.ring.signer(this.#prng.fork(`key ${this.#made++}`))
  }

  /** A port on the network without a directory. */
  plain(signer: SignerService): PeerNetworkService {
    return Hub.make(this.network.plug(signer.peer), signer.peer)
  }

  /** Starts a node that has heard of some peers. */
  start(bootstrap: ReadonlyArray<PeerId>, options: NodeOptions = {}): Effect.Effect<DirectoryNode> {
    return Effect.gen(this, function* () {
      const { aheadMillis = 0, lying = (port) => port, signer = this.signer(), ...directory } = options
      const port = this.network.plug(signer.peer)
      const scope = yield* Scope.make()
      const entropy = SeededEntropy.make(this.#prng.fork(`entropy ${this.#made++}`))
      const around = Layer.mergeAll(
        Layer.succeed(PeerNetwork, lying(Hub.make(port, signer.peer))),
        Layer.succeed(Entropy, entropy),
        GivenPeers.layer(bootstrap),
        this.ring.layer(signer)
      )
      const layer = KeyNetworkLayer.layer.pipe(
        Layer.provideMerge(DirectoryLayer.layer({ active: true, network: NETWORK, role: "transaction", ...directory })),
        Layer.provide(around)
      )
      const clock = yield* Effect.clock
      const services = yield* Effect.withClock(Layer.buildWithScope(layer, scope), clockAhead(clock, aheadMillis))
      return {
        directory: Context.get(services, Directory),
        keys: Context.get(services, KeyNetwork),
        peer: signer.peer,
        port,
        signer,
        stop: Effect.suspend(() => {
          port.pull()
          return Scope.close(scope, Exit.void)
        })
      }
    })
  }
}

/** Of the keys, those for which a node takes others to be closest than are. */
export const mistakenKeys = (
  { keys }: DirectoryNode,
  peers: Iterable<PeerId>,
  some: ReadonlyArray<BlockId> = KEYS
): ReadonlyArray<BlockId> => {
  const truth = new Neighbourhood(hasher, peers)
  return some.filter((key) => keys.closest(key, CLUSTER_SIZE).join() !== truth.closest(key, CLUSTER_SIZE).join())
}

/** The peers that a node has found not to answer. */
export const markedBy = ({ directory }: DirectoryNode): ReadonlyArray<PeerId> =>
  directory
    .known()
    .filter(({ isReachable }) => !isReachable)
    .map(({ record }) => record.peer)
    .toSorted()
