/**
 * What a node keeps in its directory: its key, and its store.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Invalid, type OpenError, type StorageError, StorageUnavailable, StoreMismatch } from "../schemas/Errors.ts"
import { NetworkName } from "../schemas/Manifest.ts"
import type { Entropy } from "../services/Entropy.ts"
import type { RawStorage, RawStorageService } from "../services/RawStorage.ts"
import { storedNetwork } from "../src/storage/storedNetwork.ts"
import { generate, type Identity, type IdentityError } from "./crypto/Identity.ts"
import { loadOrCreate } from "./crypto/IdentityFile.ts"
import type { LevelStorageOptions } from "./storage/LevelStorage.ts"
import * as StoreKind from "./storage/StoreKind.ts"

/** How data is kept: in a LevelDB database, in files that can be looked at, or in memory, gone with the process. */
export type StorageKind = "level" | "files" | "memory"

/** What of a node's options its directory is about. */
export interface NodeDirectoryOptions {
  readonly directory?: string
  readonly storage?: StorageKind
  readonly policy?: {
    /** Of the store in a directory. */
    readonly level?: Omit<LevelStorageOptions, "directory">
  }
}

/** The key of a node, in its directory. */
export const IDENTITY_FILE = "identity.json"
/** The store of a node, in its directory. */
export const STORE_DIRECTORY = "store"

/** The key of a node, as a path, if it has a directory. */
export const keyFileIn = (directory: string | undefined): string | undefined =>
  directory === undefined ? undefined : `${directory}/${IDENTITY_FILE}`

/** The name of a network, if it is one. */
export const nameOf = (network: string): Either.Either<NetworkName, Invalid> =>
  Either.mapLeft(
    Schema.decodeEither(NetworkName)(network),
    () => new Invalid({ reason: `${JSON.stringify(network)} is no network name: use a-z, 0-9, ".", "_" and "-"` })
  )

/**
 * The network of a store: that which was named, where it is not another's. Where the store cannot tell any more, it is what was
 * named; a store that nothing is in has none.
 */
export const networkOf = (
  storage: RawStorageService,
  directory: string | undefined,
  named: NetworkName | undefined
): Effect.Effect<NetworkName | undefined, StorageError | StoreMismatch> =>
  Effect.flatMap(
    Effect.catchTag(storedNetwork(storage), "CorruptRecord", (corrupt) =>
      named === undefined ? Effect.fail(corrupt) : Effect.succeed(undefined)
    ),
    (found = named) =>
      named === undefined || named === found
        ? Effect.succeed(found)
        : new StoreMismatch({ directory: `${directory}`, expected: named, found: `${found}`, property: "network" })
  )

/** Storages are loaded when they are asked for: a node has one of them. */
const layerMemory: Effect.Effect<Layer.Layer<RawStorage>> = Effect.promise(() =>
  import("./storage/MemoryStorage.ts").then(({ layer }) => layer)
)

const layerStore = (
  { name }: StoreKind.StoreKind,
  directory: string,
  level: Omit<LevelStorageOptions, "directory"> | undefined
): Effect.Effect<Layer.Layer<RawStorage, OpenError>> =>
  Effect.promise(() =>
    name === "files"
      ? import("./storage/FilesStorage.ts").then(({ layer }) => layer({ directory }))
      : import("./storage/LevelStorage.ts").then(({ layer }) => layer({ ...level, directory }))
  )

/** The kind of the store that a node has in its directory; undefined where there is none. */
export const storeKindIn = (directory: string): Effect.Effect<StoreKind.StoreKind | undefined, StorageUnavailable> =>
  StoreKind.kindOf(`${directory}/${STORE_DIRECTORY}`)

/** The store of a node, of the kind that it is asked for, or is. */
export const storageOf = ({
  directory,
  policy,
  storage
}: NodeDirectoryOptions): Effect.Effect<Layer.Layer<RawStorage, OpenError>, Invalid | StorageUnavailable> => {
  if (storage === "memory" || (storage === undefined && directory === undefined)) return layerMemory
  if (directory === undefined) {
    return new Invalid({ reason: `storage ${JSON.stringify(storage)} needs a directory` })
  }
  const store = `${directory}/${STORE_DIRECTORY}`
  const kind =
    storage === undefined
      ? Effect.map(storeKindIn(directory), (found) => found ?? StoreKind.LEVEL)
      : Effect.succeed(storage === "files" ? StoreKind.FILES : StoreKind.LEVEL)
  return Effect.flatMap(kind, (kind) => layerStore(kind, store, policy?.level))
}

/** The key in a file, made where there is none, and the directory with it; without a file a new one. */
export const identityIn = (
  file: string | undefined
): Effect.Effect<Identity, IdentityError | StorageUnavailable, Entropy> =>
  file === undefined
    ? generate
    : Effect.gen(function* () {
        const files = yield* FileSystem.FileSystem
        const directory = (yield* Path.Path).dirname(file)
        yield* Effect.mapError(
          files.makeDirectory(directory, { recursive: true }),
          (error) => new StorageUnavailable({ operation: `create ${directory}`, reason: error.message })
        )
        return yield* loadOrCreate(file)
      }).pipe(Effect.provide(Layer.merge(NodeFileSystem.layer, NodePath.layer)))
