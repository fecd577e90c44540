/** What a client has in place of a store: it is a member of no cluster, so that nobody comes to ask. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import { BlockUnavailable, Busy, StorageUnavailable } from "../../schemas/Errors.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import { ClusterMember, type ClusterMemberService, type MemberNotice } from "../../services/ClusterMember.ts"
import { CoordinatorRepo } from "../../services/CoordinatorRepo.ts"
import type { Hasher } from "../../services/Hasher.ts"
import { Restorer } from "../../services/Restorer.ts"
import { StorageRepo, type StorageRepoService } from "../../services/StorageRepo.ts"
import { noRestorer } from "../../src/storage/BlockStorage.ts"
import * as RepoWriter from "../repo/RepoWriter.ts"
import * as MemoryStorage from "../storage/MemoryStorage.ts"

const refused = new StorageUnavailable({ operation: "keep blocks", reason: "this is a client, which keeps none" })
// Not "there is none": where a client has the key of a member, it must not take its own empty hands for the truth.
const notHere = (block: BlockId) => new BlockUnavailable({ block, reason: "a client keeps no blocks" })

const repo: StorageRepoService = {
  cancel: () => refused,
  collections: () => Effect.succeed({ collections: [] }),
  commit: () => refused,
  get: ([first]) => (first === undefined ? Effect.succeed([]) : notHere(first.id)),
  pend: () => refused,
  pendAndCommit: () => refused,
  proof: () => refused,
  revisions: () => refused,
  status: (actionId) => Effect.succeed({ _tag: "Unknown", actionId }),
  stored: notHere
}

const member = Effect.map(
  Effect.acquireRelease(Queue.bounded<MemberNotice>(1), Queue.shutdown),
  (notices): ClusterMemberService => ({
    answer: () => refused,
    enter: () => refused,
    entry: () => Effect.succeed(undefined),
    forget: () => Effect.void,
    notices,
    onApplied: () => Effect.void,
    undecided: Effect.succeed([])
  })
)

/** A member, a repository and a coordinator that keep nothing, and say so. */
export const layer: Layer.Layer<ClusterMember | CoordinatorRepo | RepoWriter.RepoWriter | StorageRepo, never, Hasher> =
  Layer.mergeAll(
    Layer.scoped(ClusterMember, member),
    Layer.succeed(CoordinatorRepo, {
      isAsked: () => false,
      over: () => Effect.void,
      turn: () => new Busy({ what: "the coordinator" })
    }),
    Layer.succeed(StorageRepo, repo),
    // Who looks whether something is here finds that it is not: the store stays empty.
    RepoWriter.layer().pipe(
      Layer.provide(MemoryStorage.layer),
      Layer.provide(Layer.succeed(Restorer, noRestorer)),
      Layer.orDie
    )
  )
