/**
 * Whole nodes, as one layer.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Invalid, type OpenError, type StorageError, StorageUnavailable, StoreMismatch } from "../schemas/Errors.ts"
import { NetworkName } from "../schemas/Manifest.ts"
import type { Entropy } from "../services/Entropy.ts"
import type { Hasher } from "../services/Hasher.ts"
import { RawStorage, type RawStorageService } from "../services/RawStorage.ts"
import { Restorer } from "../services/Restorer.ts"
import type { Signer } from "../services/Signer.ts"
import type { StorageRepo } from "../services/StorageRepo.ts"
import type { Transactor } from "../services/Transactor.ts"
import type { Verifier } from "../services/Verifier.ts"
import { noRestorer } from "../src/storage/BlockStorage.ts"
import { storedNetwork } from "../src/storage/storedNetwork.ts"
import * as Database from "../src/transaction/Database.ts"
import { generate, type Identity, type IdentityError } from "./crypto/Identity.ts"
import { loadOrCreate } from "./crypto/IdentityFile.ts"
import * as NodeEntropy from "./crypto/NodeEntropy.ts"
import * as SodiumCrypto from "./crypto/SodiumCrypto.ts"
import * as NodeHostTurn from "./NodeHostTurn.ts"
import * as LocalTransactor from "./repo/LocalTransactor.ts"
import * as StorageRepoLayer from "./repo/StorageRepo.ts"
import type { LevelStorageOptions } from "./storage/LevelStorage.ts"
import * as StoreKind from "./storage/StoreKind.ts"

/** What can be set of a node, with defaults that suit a laptop. */
export interface NodePolicy {
  readonly transactions: Partial<Database.TransactionPolicy>
  readonly storage: Partial<StorageRepoLayer.StorageRepoOptions>
  /** Of the store in a directory. */
  readonly level: Omit<LevelStorageOptions, "directory">
}

/** How data is kept: in a LevelDB database, in files that can be looked at, or in memory, gone with the process. */
export type StorageKind = "level" | "files" | "memory"

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

/** The name of a network, if one is given. */
const nameOf = (network: string | undefined): Either.Either<NetworkName | undefined, Invalid> =>
  network === undefined
    ? Either.right(undefined)
    : Either.mapLeft(
        Schema.decodeEither(NetworkName)(network),
        () => new Invalid({ reason: `${JSON.stringify(network)} is no network name: use a-z, 0-9, ".", "_" and "-"` })
      )

/** The network of a store, if it is the one that was named. Where the store cannot tell any more, it is what was named. */
const networkOf = (
  storage: RawStorageService,
  directory: string | undefined,
  named: NetworkName | undefined
): Effect.Effect<NetworkName, StorageError | StoreMismatch> =>
  Effect.flatMap(
    Effect.catchTag(storedNetwork(storage), "CorruptRecord", (corrupt) =>
      named === undefined ? Effect.fail(corrupt) : Effect.succeed(undefined)
    ),
    (found = named ?? DEFAULT_NETWORK) =>
      named === undefined || named === found
        ? Effect.succeed(found)
        : new StoreMismatch({ directory: `${directory}`, expected: named, found, property: "network" })
  )

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

/** The key of a node, in its directory. */
export const IDENTITY_FILE = "identity.json"
/** The store of a node, in its directory. */
export const STORE_DIRECTORY = "store"

/** Storages are loaded when they are asked for: a node has one of them. */
const layerMemory: Effect.Effect<Layer.Layer<RawStorage>> = Effect.promise(() =>
  import("./storage/MemoryStorage.ts").then(({ layer }) => layer)
)

const layerStore = (
  { name }: StoreKind.StoreKind,
  directory: string,
  policy: Partial<NodePolicy>
): Effect.Effect<Layer.Layer<RawStorage, OpenError>> =>
  Effect.promise(() =>
    name === "files"
      ? import("./storage/FilesStorage.ts").then(({ layer }) => layer({ directory }))
      : import("./storage/LevelStorage.ts").then(({ layer }) => layer({ ...policy.level, directory }))
  )

const storageOf = ({
  directory,
  policy = {},
  storage
}: LocalOptions): Effect.Effect<Layer.Layer<RawStorage, OpenError>, Invalid | StorageUnavailable> => {
  if (storage === "memory" || (storage === undefined && directory === undefined)) return layerMemory
  if (directory === undefined) {
    return new Invalid({ reason: `storage ${JSON.stringify(storage)} needs a directory` })
  }
  const store = `${directory}/${STORE_DIRECTORY}`
  const kind =
    storage === undefined
      ? Effect.map(StoreKind.kindOf(store), (found) => found ?? StoreKind.LEVEL)
      : Effect.succeed(storage === "files" ? StoreKind.FILES : StoreKind.LEVEL)
  return Effect.flatMap(kind, (kind) => layerStore(kind, store, policy))
}

const identityIn = (
  directory: string | undefined
): Effect.Effect<Identity, IdentityError | StorageUnavailable, Entropy> =>
  directory === undefined
    ? generate
    : Effect.flatMap(FileSystem.FileSystem, (files) => files.makeDirectory(directory, { recursive: true })).pipe(
        Effect.mapError((error) => new StorageUnavailable({ operation: `create ${directory}`, reason: error.message })),
        Effect.zipRight(loadOrCreate(`${directory}/${IDENTITY_FILE}`)),
        Effect.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer))
      )

/** Hashing, verifying, and signing as an identity, each on the fastest library there is. */
export const layerCrypto = (identity: Identity): Layer.Layer<Hasher | Signer | Verifier> =>
  SodiumCrypto.layerOnceBusy(identity)

/** One node without a network: a whole database in the program, in memory or in a directory. */
export const layerLocal = (options: LocalOptions = {}): Layer.Layer<NodeServices, LocalError> =>
  Layer.unwrapEffect(
    Effect.gen(function* () {
      const { directory, policy } = options
      const named = yield* nameOf(options.network)
      const storage = yield* storageOf(options)
      const identity = options.identity ?? (yield* identityIn(directory))
      const database = Effect.flatMap(RawStorage, (raw) => networkOf(raw, directory, named)).pipe(
        Effect.map((network) => layerEmbedded(network, policy)),
        Layer.unwrapEffect
      )
      return database.pipe(
        Layer.provide(NodeHostTurn.layer),
        Layer.provide(storage),
        Layer.provideMerge(layerCrypto(identity))
      )
    })
  ).pipe(Layer.provideMerge(NodeEntropy.layer))
