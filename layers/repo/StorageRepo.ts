import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StorageError } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, Rev } from "../../schemas/Ids.ts"
import type { BlockRead, PendRequest, StoredBlock } from "../../schemas/Repo.ts"
import { Hasher } from "../../services/Hasher.ts"
import { RawStorage } from "../../services/RawStorage.ts"
import type { Restorer } from "../../services/Restorer.ts"
import { Signer } from "../../services/Signer.ts"
import { type ReadError, StorageRepo, type StorageRepoService } from "../../services/StorageRepo.ts"
import { actionId } from "../../src/encoding/BlockIds.ts"
import type { BlockState, TransactionRecord } from "../../src/storage/BlockState.ts"
import type { CheckContext } from "../../src/storage/checkPend.ts"
import { listCollections } from "../../src/storage/listCollections.ts"
import { namedBlocks } from "../../src/storage/namedBlocks.ts"
import { answerOnly } from "../../src/storage/Plan.ts"
import { defaultRevisionPolicy, type RevisionPolicy } from "../../src/storage/planApply.ts"
import { planCancel } from "../../src/storage/planCancel.ts"
import { planCommit } from "../../src/storage/planCommit.ts"
import { planPend, planPendAndCommit } from "../../src/storage/planPend.ts"
import * as RepoWriter from "./RepoWriter.ts"

/** Limits and habits of a repository. */
export interface StorageRepoOptions extends RepoWriter.RepoWriterOptions {
  readonly revisions: RevisionPolicy
  /** False only in a build that is deliberately wrong, to show that the checkers notice. */
  readonly validateReads: boolean
}

/** What suits a laptop. */
export const defaultStorageRepoOptions: StorageRepoOptions = {
  ...RepoWriter.defaultRepoWriterOptions,
  revisions: defaultRevisionPolicy,
  validateReads: true
}

const storedOf = (state: BlockState | undefined): StoredBlock | undefined =>
  state === undefined
    ? undefined
    : {
        after: state.latest.after,
        // Not looked at here: who passes the block on need not parse it.
        get block() {
          return state.block
        },
        rev: state.latest.rev
      }

const statusOf = (actionId: ActionId, record: TransactionRecord | undefined) => {
  switch (record?._tag) {
    case "Committed":
      return { _tag: "Committed", actionId, proof: record.proof } as const
    case "Pending":
      return { _tag: "Pended", actionId } as const
    case "Aborted":
      return { _tag: "Aborted", actionId } as const
    case undefined:
      return { _tag: "Unknown", actionId } as const
  }
}

const make = Effect.fnUntraced(function* (
  options: StorageRepoOptions
): Effect.fn.Return<StorageRepoService, never, RawStorage | Hasher | Signer | RepoWriter.RepoWriter> {
  const raw = yield* RawStorage
  const hasher = yield* Hasher
  const { peer: self } = yield* Signer
  const writer = yield* RepoWriter.RepoWriter
  const { storage } = writer
  const context: CheckContext = { hasher, self, validateReads: options.validateReads }

  const blocksOf = ({ signed: { manifest } }: PendRequest): ReadonlyArray<BlockId> => namedBlocks(manifest, self)

  const readAt = (id: BlockId, at: Rev): Effect.Effect<StoredBlock | undefined, ReadError> =>
    Effect.flatMap(writer.state(id), (state) =>
      state === undefined || state.latest.rev <= at ? Effect.succeed(storedOf(state)) : storage.at(id, at)
    )

  /** The latest of several blocks, between two batches of the writer. */
  const askLatest = (ids: ReadonlyArray<BlockId>): Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError> =>
    writer.ask(
      () => ids,
      (view) => answerOnly(ids.map((id) => storedOf(view.block(id))))
    )

  /** The latest of several blocks at one instant: from memory in one go, or else of the writer. */
  const readLatest = (ids: ReadonlyArray<BlockId>) =>
    Effect.suspend((): Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError> => {
      const answers: Array<StoredBlock | undefined> = []
      for (const id of ids) {
        const state = writer.cached(id)
        if (state === undefined) return ids.length === 1 ? readOne(id) : askLatest(ids)
        answers.push(storedOf(state))
      }
      return Effect.succeed(answers)
    })

  /** One block is of one instant by itself, unless it changes so often meanwhile that what is read of it is dropped. */
  const readOne = (id: BlockId): Effect.Effect<ReadonlyArray<StoredBlock | undefined>, ReadError> =>
    Effect.matchEffect(writer.state(id), {
      onFailure: (error) => (error._tag === "RevisionPruned" ? askLatest([id]) : Effect.fail(error)),
      onSuccess: (state) => Effect.succeed([storedOf(state)])
    })

  const get = (reads: ReadonlyArray<BlockRead>) => {
    const latest = reads.filter(({ at }) => at === undefined)
    if (latest.length === reads.length) return readLatest(reads.map(({ id }) => id))
    const past = (read: BlockRead) => readAt(read.id, read.at!)
    if (latest.length === 0) return Effect.forEach(reads, past)
    return Effect.flatMap(readLatest(latest.map(({ id }) => id)), (found) => {
      const byId = new Map(latest.map(({ id }, i) => [id, found[i]]))
      return Effect.forEach(reads, (read) => (read.at === undefined ? Effect.succeed(byId.get(read.id)) : past(read)))
    })
  }

  return {
    cancel: (action) =>
      writer.ask(
        () => [],
        (view) => planCancel(view, action)
      ),
    collections: (listing) => listCollections(raw, listing),
    commit: (request) =>
      writer.ask(
        (view) => {
          const record = view.transaction(request.actionId)
          const given = record?._tag === "Pending" ? record : request.request
          return given === undefined ? [] : blocksOf(given)
        },
        (view) => planCommit(context, view, request, options.revisions)
      ),
    get,
    pend: (request) =>
      Effect.suspend(() => {
        const action = actionId(hasher, request.signed.manifest)
        return writer.ask(
          () => blocksOf(request),
          (view) => planPend(context, view, action, request)
        )
      }),
    pendAndCommit: (request, decide) =>
      Effect.suspend(() => {
        const action = actionId(hasher, request.signed.manifest)
        return writer.ask(
          () => blocksOf(request),
          (view) => planPendAndCommit(context, view, action, request, decide, options.revisions)
        )
      }),
    proof: Effect.fn("StorageRepo.proof")(function* (block, rev) {
      const [revision] = yield* storage.revisions(block, { from: rev, limit: 1 })
      if (revision === undefined || revision.rev !== rev) return undefined
      const signed = yield* storage.expectManifest(revision.actionId)
      return { proof: yield* storage.expectProof(revision.actionId), revision, signed }
    }),
    revisions: storage.revisions,
    stored: storage.at,
    status: (action) => Effect.map(storage.transaction(action), (record) => statusOf(action, record))
  }
})

/** The repository of this node, on a writer that it may share. */
export const layerOnWriter = (
  options: Partial<Omit<StorageRepoOptions, keyof RepoWriter.RepoWriterOptions>> = {}
): Layer.Layer<StorageRepo, never, RawStorage | Hasher | Signer | RepoWriter.RepoWriter> =>
  Layer.effect(StorageRepo, make({ ...defaultStorageRepoOptions, ...options }))

/** The repository of this node on its store, with a writing actor of its own. */
export const layer = (
  options: Partial<StorageRepoOptions> = {}
): Layer.Layer<StorageRepo, StorageError, RawStorage | Hasher | Signer | Restorer> =>
  layerOnWriter(options).pipe(Layer.provide(RepoWriter.layer(options)))
