import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { MemberRequest } from "../../schemas/Cluster.ts"
import type { BlockId } from "../../schemas/Ids.ts"
import type { Manifest, NetworkName } from "../../schemas/Manifest.ts"
import type { FaultModel } from "../../schemas/Proof.ts"
import { ClusterMember, type ClusterMemberService, type MemberNotice } from "../../services/ClusterMember.ts"
import { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { Signer } from "../../services/Signer.ts"
import { Verifier } from "../../services/Verifier.ts"
import { forget } from "../../src/cluster/member/forget.ts"
import { decide } from "../../src/cluster/member/Member.ts"
import { defaultMemberPolicy, type MemberContext, type MemberPolicy } from "../../src/cluster/member/MemberContext.ts"
import { ownShards } from "../../src/cluster/member/settled.ts"
import { type BlocksOf, RepoWriter } from "../repo/RepoWriter.ts"

/** What a member has in common with all others of its network, and how much it takes on. */
export interface ClusterMemberOptions {
  readonly network: NetworkName
  readonly faultModel: FaultModel
  /** K: how many members each cluster has. */
  readonly clusterSize: number
  readonly policy?: Partial<MemberPolicy>
}

/** Notices that wait for whoever acts upon them, at most: a block that is still missing is noticed again. */
const MAX_NOTICES = 256

const NO_CHANGES = {}

const make = Effect.fnUntraced(function* ({
  clusterSize,
  faultModel,
  network,
  policy
}: ClusterMemberOptions): Effect.fn.Return<
  ClusterMemberService,
  never,
  RepoWriter | KeyNetwork | Signer | Verifier | Hasher | Scope.Scope
> {
  const writer = yield* RepoWriter
  const { closest, hasRoster, isAdmitted } = yield* KeyNetwork
  const context: MemberContext = {
    clusterSize,
    faultModel,
    hasher: yield* Hasher,
    hasRoster,
    membership: { closest: (header) => closest(header, clusterSize), home: () => undefined, isAdmitted },
    network,
    policy: { ...defaultMemberPolicy, ...policy },
    signer: yield* Signer,
    verifier: yield* Verifier
  }
  const notices = yield* Effect.acquireRelease(Queue.sliding<MemberNotice>(MAX_NOTICES), Queue.shutdown)

  /** The blocks here that a transaction names. */
  const named = (manifest: Manifest): ReadonlyArray<BlockId> => [
    ...manifest.collections.map(({ id }) => id),
    ...ownShards(context, manifest).flatMap(
      ([, { reads, writes }]) => [...Object.keys(writes), ...Object.keys(reads)] as Array<BlockId>
    )
  ]

  const blocksOf = (request: MemberRequest): BlocksOf => {
    switch (request._tag) {
      case "Read":
        return () => request.blocks
      case "Pend":
      case "Join":
      case "Propose":
        return () => named(request.signed.manifest)
      case "Apply":
        return () => (request.request === undefined ? [] : named(request.request.signed.manifest))
      default:
        return () => []
    }
  }

  return {
    answer: (request) =>
      writer
        .askNow(blocksOf(request), (view) => {
          const { answer, changes, notices, writes } = decide(context, view, request)
          return { answer: { answer, notices }, changes: NO_CHANGES, promises: changes, writes }
        })
        .pipe(
          Effect.tap(({ notices: noticed }) => (noticed.length > 0 ? notices.offerAll(noticed) : Effect.void)),
          Effect.map(({ answer }) => answer),
          Effect.catchTag("Busy", ({ message }) => Effect.succeed({ _tag: "Busy", reason: message } as const))
        ),
    forget: (action, isAcknowledged) =>
      writer.ask(
        () => [],
        (view) => {
          const { changes, writes } = forget(context, view, action, isAcknowledged)
          return { answer: undefined, changes: NO_CHANGES, promises: changes, writes }
        }
      ),
    notices,
    undecided: writer.undecided
  }
})

/** A member of the clusters of a node's blocks: its mailbox is that of the store's writer. Protocol §2 to §4. */
export const layer = (
  options: ClusterMemberOptions
): Layer.Layer<ClusterMember, never, RepoWriter | KeyNetwork | Signer | Verifier | Hasher> =>
  Layer.scoped(ClusterMember, make(options))
