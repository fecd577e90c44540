import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { Busy } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, Rev } from "../../schemas/Ids.ts"
import type { Payload } from "../../schemas/Manifest.ts"
import type { CommitRequest, ProvedBlock, RepoAnswer, RepoQuestion } from "../../schemas/Repo.ts"
import type { Revision } from "../../schemas/Revision.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { type ReadError, StorageRepo, type StorageRepoService } from "../../services/StorageRepo.ts"
import { revisionOf } from "../../src/cluster/evidence/RevisionProof.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { lastRev } from "../../src/log/LogBlock.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import { RepoWriter, type RepoWriterService } from "../repo/RepoWriter.ts"

type Answer = Effect.Effect<RepoAnswer, ReadError>

/** A block with what proves its revision. */
const provedBlock = Effect.fnUntraced(function* (repo: StorageRepoService, id: BlockId, at: Rev | undefined) {
  const [stored] = yield* repo.get([{ id, ...(at !== undefined && { at }) }])
  if (stored === undefined) return null
  const proved = yield* repo.proof(id, stored.rev)
  return proved === undefined ? null : ({ ...proved, block: stored.block ?? null } satisfies ProvedBlock)
})

/** The revision of a block's collection here: all of its transactions up to that are applied. */
export const throughOf = Effect.fnUntraced(function* (writer: RepoWriterService, id: BlockId) {
  const state = yield* writer.state(id)
  const header = state === undefined ? undefined : yield* writer.state(state.collection)
  const open = (header?.block as CollectionBlock | undefined)?.log.tail
  const tail = open === undefined ? undefined : yield* writer.state(open)
  const log = tail?.block as LogBlock | undefined
  return log === undefined ? 0 : lastRev(log)
})

/** A committed transaction, with the changes of the blocks that are kept here. */
const committed = Effect.fnUntraced(function* ({ storage }: RepoWriterService, action: ActionId) {
  const record = yield* storage.transaction(action)
  if (record?._tag !== "Committed") return null
  const signed = yield* storage.expectManifest(action)
  const payload: { [id: BlockId]: Transform } = {}
  for (const shard of signed.manifest.shards) {
    for (const [id] of entriesOf(shard.writes)) {
      const revision: Revision | undefined = revisionOf(signed.manifest, action, id)
      const transform = revision === undefined ? undefined : yield* storage.change(id, revision)
      if (transform !== undefined) payload[id] = transform
    }
  }
  return {
    actionId: action,
    proof: record.proof,
    request: { payload: payload as Payload, signed }
  } satisfies CommitRequest
})

const answerOf = (repo: StorageRepoService, writer: RepoWriterService, question: RepoQuestion): Answer => {
  switch (question._tag) {
    case "BlockAt":
      // In this order: what is applied meanwhile is then in the block, and not claimed for it.
      return Effect.zipWith(
        throughOf(writer, question.id),
        provedBlock(repo, question.id, question.at),
        (through, found) => ({
          _tag: "BlockAt",
          found,
          through
        })
      )
    case "Revisions":
      return Effect.map(repo.revisions(question.block, question), (revisions) => ({ _tag: "Revisions", revisions }))
    case "Proof":
      return Effect.map(repo.proof(question.block, question.rev), (found) => ({ _tag: "Proof", found: found ?? null }))
    case "Transaction":
      return Effect.map(committed(writer, question.actionId), (found) => ({ _tag: "Transaction", found }))
  }
}

/** Tells other peers of the blocks that this node keeps. */
export const layer: Layer.Layer<never, never, StorageRepo | RepoWriter | PeerNetwork> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const repo = yield* StorageRepo
    const writer = yield* RepoWriter
    const network = yield* PeerNetwork
    yield* network.serve(repoProtocol, (_from, question) =>
      Effect.catchAll(answerOf(repo, writer, question), (error) =>
        error._tag === "RevisionPruned" || error._tag === "BlockUnavailable"
          ? Effect.succeed({ _tag: "Unavailable", reason: error.message } as const)
          : Effect.zipRight(
              Effect.logWarning("A question about the blocks kept here was not answered", error.message),
              Effect.fail(new Busy({ what: "the repository" }))
            )
      )
    )
  })
)
