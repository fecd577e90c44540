/**
 * Nodes as benchmarks need them: the same composition as `Node.layerLocal`, of one fixed identity, over a storage that is
 * kept, or watched.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Database } from "effect-optimystic"
import {
  FilesStorage,
  Identity,
  LevelStorage,
  LocalTransactor,
  Node,
  NodeEntropy,
  NodeHostTurn,
  StorageRepo as StorageRepoLayer
} from "effect-optimystic/layers"
import { type ActionId, NetworkName, type OpenError, type PendRequest, type Proof } from "effect-optimystic/schemas"
import {
  RawStorage,
  type RawStorageService,
  Restorer,
  StorageRepo,
  type StorageRepoService,
  type StorageWrite,
  Transactor
} from "effect-optimystic/services"

const NETWORK = Schema.decodeSync(NetworkName)("bench")
const SEED = new Uint8Array(32).fill(7)

const crypto = Node.layerCrypto(Identity.fromSeed(SEED))

/** A whole node over a storage. */
export const nodeOver = <E>(storage: Layer.Layer<RawStorage, E>) =>
  Node.layerEmbedded(NETWORK).pipe(
    Layer.provide(NodeHostTurn.layer),
    Layer.provide(storage),
    Layer.provideMerge(crypto),
    Layer.provideMerge(NodeEntropy.layer)
  )

/** Only the repository of such a node. */
export const repoOver = <E>(storage: Layer.Layer<RawStorage, E>) =>
  StorageRepoLayer.layer().pipe(
    Layer.provide(NodeHostTurn.layer),
    Layer.provide(storage),
    Layer.provide(crypto),
    Layer.provide(Layer.succeed(Restorer, { restore: () => Effect.succeed(Option.none()) }))
  )

/** Storage in files, in a folder. */
export const filesIn = (folder: string): Layer.Layer<RawStorage, OpenError> =>
  FilesStorage.layer({ directory: `${folder}/store` })

/** Storage on disk, in a folder. */
export const levelIn = (folder: string): Layer.Layer<RawStorage, OpenError> =>
  LevelStorage.layer({ directory: `${folder}/store` })

// ── Watched storage ──────────────────────────────────────────────────────────────────────────────────────────────────

/** A storage seen through a change of its calls. */
const through = <E>(
  storage: Layer.Layer<RawStorage, E>,
  change: (raw: RawStorageService) => Partial<RawStorageService>
): Layer.Layer<RawStorage, E> =>
  Layer.map(storage, (context) => {
    const raw = Context.get(context, RawStorage)
    return Context.make(RawStorage, { ...raw, ...change(raw) })
  })

/** A durable batch, as a store is given it. */
export type Batch = ReadonlyArray<StorageWrite>

/** The storage, and every batch that it is given from now on. */
export const recordingWrites = <E>(storage: Layer.Layer<RawStorage, E>, batches: Array<Batch>) =>
  through(storage, (raw) => ({
    write: (batch) => {
      batches.push(batch)
      return raw.write(batch)
    }
  }))

/** The storage, and every block that is read from it. */
export const recordingReads = <E>(storage: Layer.Layer<RawStorage, E>, blocks: Set<string>) =>
  through(storage, (raw) => ({
    get: (key) => {
      if (key[0] === "block") blocks.add(key[1])
      return raw.get(key)
    },
    getMany: (keys) => {
      for (const [space, block] of keys) if (space === "block") blocks.add(block)
      return raw.getMany(keys)
    },
    range: (range) => {
      if (range.space === "block") blocks.add(range.block)
      return raw.range(range)
    }
  }))

// ── Requests to a repository ─────────────────────────────────────────────────────────────────────────────────────────

/** A commit as a repository is asked for it: the request, and the maker of its proof, which signs. */
export interface CommitCall {
  readonly request: PendRequest
  readonly decide: (action: ActionId) => Proof
}

/** Runs a program on a node, and gives every commit that its repository was asked for, in order. */
export const commitCallsOf = Effect.fnUntraced(function* <E>(program: Effect.Effect<unknown, E, Database>) {
  const calls: Array<CommitCall> = []
  const repo = yield* StorageRepo
  const recording: StorageRepoService = {
    ...repo,
    pendAndCommit: (request, decide) => {
      calls.push({ decide, request })
      return repo.pendAndCommit(request, decide)
    }
  }
  const transactor = yield* Transactor.pipe(
    Effect.provide(LocalTransactor.layer(NETWORK)),
    Effect.provideService(StorageRepo, recording)
  )
  yield* Effect.updateService(program, Database, (database) => ({ ...database, transactor }))
  return calls
})

/** The same calls as if just received from elsewhere: nothing is remembered of their content. */
export const asReceived = (calls: ReadonlyArray<CommitCall>): ReadonlyArray<CommitCall> =>
  calls.map(({ decide, request }) => ({ decide, request: JSON.parse(JSON.stringify(request)) as PendRequest }))

/** Asks a repository for a commit; dies unless it is done. */
export const commitTo =
  (repo: StorageRepoService) =>
  ({ decide, request }: CommitCall) =>
    Effect.flatMap(repo.pendAndCommit(request, decide), (answer) =>
      answer._tag === "Committed" ? Effect.void : Effect.dieMessage(`answered ${JSON.stringify(answer)}`)
    )
