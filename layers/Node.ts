/**
 * Whole nodes, as one layer.
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Invalid, OpenError, StorageError } from "../schemas/Errors.ts"
import { NetworkName } from "../schemas/Manifest.ts"
import type { Directory } from "../services/Directory.ts"
import type { Entropy } from "../services/Entropy.ts"
import type { Hasher } from "../services/Hasher.ts"
import { RawStorage } from "../services/RawStorage.ts"
import { Restorer } from "../services/Restorer.ts"
import type { Signer } from "../services/Signer.ts"
import type { StorageRepo } from "../services/StorageRepo.ts"
import type { Transactor } from "../services/Transactor.ts"
import type { Verifier } from "../services/Verifier.ts"
import { noRestorer } from "../src/storage/BlockStorage.ts"
import * as Database from "../src/transaction/Database.ts"
import type { Identity, IdentityError } from "./crypto/Identity.ts"
import * as NodeEntropy from "./crypto/NodeEntropy.ts"
import * as SodiumCrypto from "./crypto/SodiumCrypto.ts"
import { untilReady } from "./directory/untilReady.ts"
import { config, DEFAULT_CLUSTER_SIZE, type NetworkNodeOptions } from "./NetworkNodeOptions.ts"
import { identityIn, keyFileIn, nameOf, networkOf, type StorageKind, storageOf } from "./NodeDirectory.ts"
import * as NodeHostTurn from "./NodeHostTurn.ts"
import type { NetworkClientError, NetworkClientOptions, NetworkClientServices } from "./network/libp2p/NetworkClient.ts"
import type { NetworkNodeError, NetworkNodeServices } from "./network/libp2p/NetworkNode.ts"
import * as LocalTransactor from "./repo/LocalTransactor.ts"
import * as StorageRepoLayer from "./repo/StorageRepo.ts"
import type { LevelStorageOptions } from "./storage/LevelStorage.ts"

/** What can be set of a node, with defaults that suit a laptop. */
export interface NodePolicy {
  readonly transactions: Partial<Database.TransactionPolicy>
  readonly storage: Partial<StorageRepoLayer.StorageRepoOptions>
  /** Of the store in a directory. */
  readonly level: Omit<LevelStorageOptions, "directory">
}

/** A node without a network. */
export interface LocalOptions {
  /** Where the data and the key of the node are kept; without it, in memory, and gone with the process. */
  readonly directory?: string
  /**
   * How the data is kept. A store stays of the kind that it was made as: `StoreMismatch` where this is another. Default: that of
   * the store in the directory; `level` where there is none, and `memory` without a directory.
   */
  readonly storage?: StorageKind
  /**
   * The name of the database's network: part of all that is signed. `StoreMismatch` where the store has another. Default: that
   * of the store, `CorruptRecord` where damage hides it; `local` where there is none.
   */
  readonly network?: string
  /** Who the node is. Default: the key in the directory, made at the first start. */
  readonly identity?: Identity
  readonly policy?: Partial<NodePolicy>
}

/** What a node offers to a program. */
export type NodeServices = Database.Database | Transactor | StorageRepo | Signer | Verifier | Hasher | Entropy

/** What starting a local node may fail with. */
export type LocalError = OpenError | IdentityError | Invalid

const DEFAULT_NETWORK = NetworkName.make("local")

/** The database of one node, on any storage and any crypto. */
export const layerEmbedded = (
  network: NetworkName,
  { storage, transactions }: Partial<NodePolicy> = {}
): Layer.Layer<
  Database.Database | Transactor | StorageRepo,
  StorageError,
  RawStorage | Signer | Verifier | Hasher | Entropy
> =>
  Database.layer(transactions).pipe(
    Layer.provideMerge(LocalTransactor.layer(network)),
    Layer.provideMerge(StorageRepoLayer.layer(storage)),
    Layer.provide(Layer.succeed(Restorer, noRestorer))
  )

/** Hashing, verifying, and signing as an identity, each on the fastest library there is. */
export const layerCrypto = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier> =>
  SodiumCrypto.layerOnceBusy(identity)

/** One node without a network: a whole database in the program, in memory or in a directory. */
export const layerLocal = (options: LocalOptions = {}): Layer.Layer<NodeServices, LocalError> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { directory, policy } = options
      const named = options.network === undefined ? undefined : yield* nameOf(options.network)
      const storage = yield* storageOf(options)
      const identity = options.identity ?? (yield* identityIn(keyFileIn(directory)))
      const database = Effect.flatMap(RawStorage, (raw) => networkOf(raw, directory, named)).pipe(
        Effect.map((network = DEFAULT_NETWORK) => layerEmbedded(network, policy)),
        Layer.unwrapEffect
      )
      return database.pipe(
        Layer.provide(NodeHostTurn.layer),
        Layer.provide(storage),
        Layer.provideMerge(layerCrypto(identity))
      )
    })
  ).pipe(Layer.provideMerge(NodeEntropy.layer))

/** A node of a network, over sockets: it keeps collections with others, and finds them by itself. Loads libp2p. */
export const layer = (options: NetworkNodeOptions): Layer.Layer<NetworkNodeServices, NetworkNodeError> =>
  Layer.unwrapEffect(
    Effect.promise(() => import("./network/libp2p/NetworkNode.ts").then((NetworkNode) => NetworkNode.layer(options)))
  )

/** The same, with options from the configuration of the program: `OPTIMYSTIC_NETWORK`, and others beside it. */
export const layerConfig: Layer.Layer<NetworkNodeServices, NetworkNodeError | ConfigError.ConfigError> =
  Layer.unwrapEffect(Effect.map(config, layer))

/**
 * A client of a network, over sockets: it reads and writes what nodes keep, keeps nothing, and is never counted. It is built once it can find
 * what there is: else `NotEnoughPeers`, or `PeerUnreachable` where nobody is there. Loads libp2p.
 */
export const layerClient = (options: NetworkClientOptions): Layer.Layer<NetworkClientServices, NetworkClientError> =>
  Layer.unwrapEffect(
    Effect.promise(() =>
      import("./network/libp2p/NetworkClient.ts").then((NetworkClient) => NetworkClient.layer(options))
    )
  )

/**
 * Waits until a node of a network can serve: it is active, and so are as many peers that it knows as a cluster has, itself included. Of a
 * client: until it knows as many.
 */
export const ready = (clusterSize: number = DEFAULT_CLUSTER_SIZE): Effect.Effect<void, never, Directory> =>
  untilReady(clusterSize)

export type { NetworkNodeOptions, NetworkNodePolicy } from "./NetworkNodeOptions.ts"
export type { StorageKind } from "./NodeDirectory.ts"
export type {
  NetworkClientError,
  NetworkClientOptions,
  NetworkClientPolicy,
  NetworkClientServices
} from "./network/libp2p/NetworkClient.ts"
export type { NetworkNodeError, NetworkNodeServices } from "./network/libp2p/NetworkNode.ts"
/** Who the node of a directory is, as the founders and rosters of networks name it; its key is made where there is none. */
export { peerIn } from "./peerIn.ts"
