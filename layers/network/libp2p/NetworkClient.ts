/** A whole client of a network, put together. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Invalid, NotEnoughPeers, PeerUnreachable, type StorageUnavailable } from "../../../schemas/Errors.ts"
import { PeerId } from "../../../schemas/Ids.ts"
import type { ClusterIndex } from "../../../services/ClusterIndex.ts"
import { Directory } from "../../../services/Directory.ts"
import type { Discovery } from "../../../services/Discovery.ts"
import type { Entropy } from "../../../services/Entropy.ts"
import type { Hasher } from "../../../services/Hasher.ts"
import type { KeyNetwork } from "../../../services/KeyNetwork.ts"
import type { PeerNetwork } from "../../../services/PeerNetwork.ts"
import type { Signer } from "../../../services/Signer.ts"
import type { Transactor } from "../../../services/Transactor.ts"
import type { Verifier } from "../../../services/Verifier.ts"
import type { Database } from "../../../src/transaction/Database.ts"
import * as ClientNode from "../../cluster/ClientNode.ts"
import type { Identity, IdentityError } from "../../crypto/Identity.ts"
import * as NodeEntropy from "../../crypto/NodeEntropy.ts"
import * as SodiumCrypto from "../../crypto/SodiumCrypto.ts"
import * as DirectoryLayer from "../../directory/Directory.ts"
import * as DirectoryKeys from "../../directory/KeyNetwork.ts"
import { servingPeers, untilReady } from "../../directory/untilReady.ts"
import {
  type CheckedNodeOptions,
  checked,
  type NetworkNodeOptions,
  type NetworkNodePolicy
} from "../../NetworkNodeOptions.ts"
import { identityIn, keyFileIn, storeKindIn } from "../../NodeDirectory.ts"
import * as NodeHostTurn from "../../NodeHostTurn.ts"
import * as Roster from "../Roster.ts"
import type { HostUnavailable } from "./HostUnavailable.ts"
import { Libp2pHost } from "./Libp2pHost.ts"
import * as Transport from "./Transport.ts"

/** What can be set of a client, each with defaults that suit a laptop. */
export interface NetworkClientPolicy
  extends Pick<NetworkNodePolicy, "patience" | "transactions" | "directory" | "wire" | "backOff"> {
  /** How many active peers that answer are waited for. Default: as many as a cluster has, which is enough to find a name; 0 waits for nobody. */
  readonly joinPeers: number
  /** How long they are waited for, in milliseconds. Default: 10 s. */
  readonly joinMillis: number
}

/** A client of a network: the same on it as on all of its nodes are `network`, `clusterSize`, `faultModel`, and `roster` where it has one. */
export interface NetworkClientOptions
  extends Pick<
    NetworkNodeOptions,
    "network" | "allow" | "reach" | "clusterSize" | "faultModel" | "roster" | "identity" | "identityFile"
  > {
  /** Nodes to begin with, with their ids: `/ip4/198.51.100.7/tcp/4001/p2p/12D3KooW…`. At least one of them must be there. */
  readonly bootstrap: ReadonlyArray<string>
  /** Where its key is kept, which its transactions are signed with; not that of a node. Without it the key is new, and gone with the process. */
  readonly directory?: string
  readonly policy?: Partial<NetworkClientPolicy>
}

/** What a client offers to a program. */
export type NetworkClientServices =
  | Database
  | Transactor
  | Signer
  | Verifier
  | Hasher
  | Entropy
  | ClusterIndex
  | Directory
  | Discovery
  | PeerNetwork

/** What starting one may fail with. */
export type NetworkClientError =
  | IdentityError
  | Invalid
  | HostUnavailable
  | StorageUnavailable
  | NotEnoughPeers
  | PeerUnreachable

const DEFAULT_JOIN_MILLIS = 10_000

/** What a client is made of, on a transport. */
const clientOf = (
  { allow, policy = {} }: NetworkClientOptions,
  { clusterSize, faultModel, network, roster, wire }: CheckedNodeOptions
) => {
  const { directory: directoryPolicy, patience, transactions } = policy
  const client: ClientNode.ClientNodeOptions = {
    clusterSize,
    faultModel,
    network,
    ...(patience !== undefined && { patience }),
    ...(transactions !== undefined && { transactions })
  }
  const directory = DirectoryLayer.layer({
    network,
    role: "client",
    ...(allow !== undefined && wire.allow !== undefined && { allow: wire.allow }),
    ...(directoryPolicy !== undefined && { policy: directoryPolicy })
  })
  const keys: Layer.Layer<KeyNetwork, never, Directory | Hasher> =
    roster === undefined ? DirectoryKeys.layer : Roster.layer(roster)
  return ClientNode.layer(client).pipe(Layer.provide(keys), Layer.provideMerge(directory))
}

/** The key of a client: never that of a node, which it would be taken for. */
const identityOf = ({ directory, identity, identityFile = keyFileIn(directory) }: NetworkClientOptions) =>
  Effect.gen(function* () {
    if (identity !== undefined) return identity
    if (directory !== undefined && (yield* storeKindIn(directory)) !== undefined) {
      const reason = `${directory} is the directory of a node, whose key no client may have: name another, or none`
      return yield* new Invalid({ reason })
    }
    return yield* identityIn(identityFile)
  }) satisfies Effect.Effect<Identity, unknown, Entropy>

/** Why nobody of the network is known, as far as the wire tells. */
const silenceOf = (options: NetworkClientOptions) =>
  Effect.gen(function* () {
    const counts = yield* (yield* Libp2pHost).counts
    const [first = ""] = options.bootstrap
    const reason =
      counts.WrongIdentity !== undefined
        ? "somebody else answers at its address"
        : counts.OtherNetwork !== undefined
          ? `it is not of the network ${JSON.stringify(options.network)}`
          : "nobody of the network answers at its address"
    return new PeerUnreachable({ peer: PeerId.make(first.slice(first.lastIndexOf("/") + 1)), reason })
  })

/** Waits until the client can find what there is in its network. */
const joined = (options: NetworkClientOptions, { clusterSize }: CheckedNodeOptions) =>
  Effect.gen(function* () {
    const directory = yield* Directory
    const { joinMillis = DEFAULT_JOIN_MILLIS, joinPeers = clusterSize } = options.policy ?? {}
    if (joinPeers === 0) return
    const isJoined = yield* Effect.timeoutOption(untilReady(joinPeers), Duration.millis(joinMillis))
    if (isJoined._tag === "Some") return
    if (directory.known().length === 0) return yield* yield* silenceOf(options)
    return yield* new NotEnoughPeers({ known: servingPeers(directory), need: joinPeers })
  })

/** A client of a network that is there: it can find a name once it is built. As its scope closes it hangs up. */
export const layer = (options: NetworkClientOptions): Layer.Layer<NetworkClientServices, NetworkClientError> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      if (options.bootstrap.length === 0) {
        return yield* new Invalid({ reason: "a client needs the address of a node to begin with, in `bootstrap`" })
      }
      const node = yield* checked(options)
      const identity = yield* identityOf(options)
      return Layer.effectDiscard(joined(options, node)).pipe(
        Layer.provideMerge(clientOf(options, node)),
        Layer.provideMerge(Transport.layer(identity, node.wire)),
        Layer.provide(NodeHostTurn.layer),
        Layer.provideMerge(SodiumCrypto.layerOnceBusy(identity))
      )
    })
  ).pipe(Layer.provideMerge(NodeEntropy.layer))
