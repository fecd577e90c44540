import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { CollectionBlock, LogBlock } from "../../schemas/BlockTypes.ts"
import { Busy } from "../../schemas/Errors.ts"
import type { ActionId, BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Payload } from "../../schemas/Manifest.ts"
import {
  type CommitRequest,
  type EntrySummary,
  MAX_BLOCKS_TOLD,
  MAX_ENTRIES_TOLD,
  type ProvedBlock,
  type RepoAnswer,
  type RepoQuestion
} from "../../schemas/Repo.ts"
import type { Revision } from "../../schemas/Revision.ts"
import type { Transform } from "../../schemas/Transform.ts"
import { CoordinatorRepo, type CoordinatorRepoService } from "../../services/CoordinatorRepo.ts"
import { Hasher, type HasherService } from "../../services/Hasher.ts"
import { KeyNetwork, type KeyNetworkService } from "../../services/KeyNetwork.ts"
import { PeerNetwork } from "../../services/PeerNetwork.ts"
import { type ReadError, StorageRepo, type StorageRepoService } from "../../services/StorageRepo.ts"
import { revisionOf } from "../../src/cluster/evidence/RevisionProof.ts"
import { keeping } from "../../src/cluster/index/keeping.ts"
import { repoProtocol } from "../../src/cluster/protocols.ts"
import { lastRev } from "../../src/log/LogBlock.ts"
import { entriesOf } from "../../src/storage/manifestRules.ts"
import { RepoWriter, type RepoWriterService } from "../repo/RepoWriter.ts"
import type { ClusterConstants } from "./ClusterConstants.ts"
import { Newcomers, type NewcomersService } from "./Newcomers.ts"

type Answer = Effect.Effect<RepoAnswer, ReadError | Busy>

/** A block with what proves its revision. */
export const provedBlock = Effect.fnUntraced(function* (repo: StorageRepoService, id: BlockId, at: Rev | undefined) {
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

/** A page of the blocks here that another peer is to keep, too. */
const shared = Effect.fnUntraced(function* ({ storage }: RepoWriterService, peer: PeerId, after: BlockId | undefined) {
  const ids = yield* storage.blocks({ limit: MAX_BLOCKS_TOLD, ...(after !== undefined && { after }) })
  // A record that cannot be read is not to hide all that follow.
  const standings = yield* Effect.forEach(ids, (id) => Effect.orElseSucceed(storage.standing(id), () => undefined))
  const blocks = ids.flatMap((id, i) => {
    const standing = standings[i]
    return standing?.members.includes(peer) ? [{ id, rev: standing.rev }] : []
  })
  const resume = ids[MAX_BLOCKS_TOLD - 1]
  return { _tag: "Shared", blocks, ...(resume !== undefined && { resume }) } as const
})

/** Entries that are looked through for one answer, at most: those that are told are a part of them. */
const MAX_ENTRIES_READ = 4 * MAX_ENTRIES_TOLD

/** It is told of entries that it is not to keep as this node sees it, either: it may see others who are closest. */
const MARGIN = 2

/** A page of the entries here that another peer is to keep, too, or nearly is. */
const entriesFor = Effect.fnUntraced(function* (
  { clusterSize, hasher, keys, writer }: Answering,
  peer: PeerId,
  after: CollectionId | undefined
) {
  const all = yield* writer.storage.entries({ limit: MAX_ENTRIES_READ, ...(after !== undefined && { after }) })
  const isToKeep = keeping(hasher, keys.closest, peer, MARGIN * clusterSize)
  const entries: Array<EntrySummary> = []
  for (const [i, entry] of all.entries()) {
    if (entries.length === MAX_ENTRIES_TOLD)
      return { _tag: "Entries", entries, resume: all[i - 1]!.collection } as const
    if (isToKeep(entry.collection)) entries.push(entry)
  }
  const resume = all[MAX_ENTRIES_READ - 1]?.collection
  return { _tag: "Entries", entries, ...(resume !== undefined && { resume }) } as const
})

/** What a node answers from. */
interface Answering {
  readonly clusterSize: number
  readonly hasher: HasherService
  readonly keys: KeyNetworkService
  readonly coordinator: CoordinatorRepoService
  readonly newcomers: NewcomersService
  readonly repo: StorageRepoService
  readonly writer: RepoWriterService
}

const answerOf = (answering: Answering, from: PeerId, question: RepoQuestion): Answer => {
  const { coordinator, keys, newcomers, repo, writer } = answering
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
    case "Shared":
      return shared(writer, from, question.after)
    case "Turn":
      return Effect.map(coordinator.turn(from, question), (given) => ({ _tag: "Turn", ...given }))
    case "TurnOver":
      return Effect.as(coordinator.over(from, question.collection, question.ticket), { _tag: "TurnOver" })
    case "Entry":
      return Effect.map(writer.storage.entry(question.collection), (found) => ({ _tag: "Entry", found: found ?? null }))
    case "Entries":
      return entriesFor(answering, from, question.after)
    case "Arrive":
      // With a roster nobody arrives; without, others are to know whom this node tells them of.
      return keys.hasRoster || !keys.isAdmitted(from)
        ? Effect.succeed({ _tag: "Unavailable", reason: "it is not known here" })
        : newcomers.welcome(from)
  }
}

/** Tells other peers of the blocks that this node keeps, of its part of the cluster index, and whose turn it is to change what. */
export const layer = ({
  clusterSize
}: Pick<ClusterConstants, "clusterSize">): Layer.Layer<
  never,
  never,
  CoordinatorRepo | Hasher | KeyNetwork | Newcomers | StorageRepo | RepoWriter | PeerNetwork
> =>
  Layer.scopedDiscard(
    Effect.gen(function* () {
      const repo = yield* StorageRepo
      const writer = yield* RepoWriter
      const network = yield* PeerNetwork
      const coordinator = yield* CoordinatorRepo
      const newcomers = yield* Newcomers
      const keys = yield* KeyNetwork
      const answering = { clusterSize, coordinator, hasher: yield* Hasher, keys, newcomers, repo, writer }
      yield* network.serve(repoProtocol, (from, question) =>
        Effect.catchAll(answerOf(answering, from, question), (error) => {
          switch (error._tag) {
            case "Busy":
              return Effect.fail(error)
            case "RevisionPruned":
            case "BlockUnavailable":
              return Effect.succeed({ _tag: "Unavailable", reason: error.message } as const)
            default:
              return Effect.zipRight(
                Effect.logWarning("A question about the blocks kept here was not answered", error.message),
                Effect.fail(new Busy({ what: "the repository" }))
              )
          }
        })
      )
    })
  )
