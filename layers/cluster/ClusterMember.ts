import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { MemberAnswer, MemberRequest } from "../../schemas/Cluster.ts"
import type { Manifest } from "../../schemas/Manifest.ts"
import { ClusterIndex } from "../../services/ClusterIndex.ts"
import { ClusterMember, type ClusterMemberService, type MemberNotice } from "../../services/ClusterMember.ts"
import type { Hasher } from "../../services/Hasher.ts"
import { KeyNetwork } from "../../services/KeyNetwork.ts"
import { Signer } from "../../services/Signer.ts"
import type { Verifier } from "../../services/Verifier.ts"
import { enter } from "../../src/cluster/member/enter.ts"
import { forget } from "../../src/cluster/member/forget.ts"
import { decide } from "../../src/cluster/member/Member.ts"
import { defaultMemberPolicy, type MemberContext, type MemberPolicy } from "../../src/cluster/member/MemberContext.ts"
import type { MemberChange } from "../../src/cluster/member/MemberPlan.ts"
import { namedBlocks } from "../../src/storage/namedBlocks.ts"
import { type BlocksOf, RepoWriter } from "../repo/RepoWriter.ts"
import { type ClusterConstants, clusterRules } from "./ClusterConstants.ts"
import { alarmed } from "./metrics.ts"
import { Newcomers } from "./Newcomers.ts"

/** A network, and how much a member takes on. */
export interface ClusterMemberOptions extends ClusterConstants {
  readonly policy?: Partial<MemberPolicy>
}

/** Notices that wait for whoever acts upon them, at most: a block that is still missing is noticed again. */
const MAX_NOTICES = 256

const NO_CHANGES = {}

const make = Effect.fnUntraced(function* ({
  policy,
  ...constants
}: ClusterMemberOptions): Effect.fn.Return<
  ClusterMemberService,
  never,
  ClusterIndex | RepoWriter | KeyNetwork | Newcomers | Signer | Verifier | Hasher | Scope.Scope
> {
  const writer = yield* RepoWriter
  const { closest, isAdmitted } = yield* KeyNetwork
  const { creatorOf, homeOf } = yield* ClusterIndex
  const { objection } = yield* Newcomers
  const signer = yield* Signer
  const { peer: self } = signer
  const { clusterSize } = constants
  const context: MemberContext = {
    ...(yield* clusterRules(constants)),
    clusterSize,
    creatorOf,
    membership: {
      closest: (place) => closest(place, clusterSize),
      home: homeOf,
      isAdmitted,
      objection
    },
    policy: { ...defaultMemberPolicy, ...policy },
    signer
  }
  const notices = yield* Effect.acquireRelease(Queue.sliding<MemberNotice>(MAX_NOTICES), Queue.shutdown)

  const listeners = new Set<(manifest: Manifest) => void>()

  const blocksOf = (request: MemberRequest): BlocksOf => {
    switch (request._tag) {
      case "Read":
        return () => request.blocks
      case "Pend":
      case "Join":
      case "Propose":
        return () => namedBlocks(request.signed.manifest, self)
      case "Apply":
        return () => (request.request === undefined ? [] : namedBlocks(request.request.signed.manifest, self))
      default:
        return () => []
    }
  }

  /** Tells those who listen and those who act upon notices, if there is anything to tell: whoever asked may have given up. */
  const tell = (
    applied: Manifest | undefined,
    noticed: ReadonlyArray<MemberNotice>
  ): Effect.Effect<void> | undefined =>
    applied === undefined && noticed.length === 0
      ? undefined
      : Effect.suspend(() => {
          if (applied !== undefined) for (const listener of listeners) listener(applied)
          for (const { _tag } of noticed) if (_tag === "Alarm") alarmed()
          return Effect.asVoid(notices.offerAll(noticed))
        })

  return {
    answer: (request) =>
      writer
        .askNow(blocksOf(request), (view) => {
          const { answer, changes, notices: noticed, writes } = decide(context, view, request)
          const settled = tell(appliedIn(changes), noticed)
          return { answer, changes: NO_CHANGES, promises: changes, writes, ...(settled !== undefined && { settled }) }
        })
        .pipe(
          Effect.catchTag("Busy", (error) => Effect.succeed<MemberAnswer>({ _tag: "Busy", reason: error.message }))
        ),
    enter: (entry) =>
      writer.ask(
        () => [entry.block],
        (view) => {
          const { answer, changes, notices: noticed, writes } = enter(context, view, entry)
          const settled = tell(undefined, noticed)
          return { answer, changes: NO_CHANGES, promises: changes, writes, ...(settled !== undefined && { settled }) }
        }
      ),
    entry: writer.storage.entry,
    forget: (action) =>
      writer.ask(
        () => [],
        (view) => {
          const { changes, writes } = forget(context, view, action)
          return { answer: undefined, changes: NO_CHANGES, promises: changes, writes }
        }
      ),
    notices,
    onApplied: (listener) =>
      Effect.acquireRelease(
        Effect.sync(() => listeners.add(listener)),
        () => Effect.sync(() => listeners.delete(listener))
      ),
    undecided: writer.undecided
  }
})

/** The manifest of the transaction that changes of a member apply, if they do. */
const appliedIn = (changes: ReadonlyArray<MemberChange>): Manifest | undefined => {
  for (const change of changes) if (change._tag === "Applied") return change.signed.manifest
  return undefined
}

/** A member of the clusters of a node's blocks: its mailbox is that of the store's writer. Protocol §2 to §4. */
export const layer = (
  options: ClusterMemberOptions
): Layer.Layer<ClusterMember, never, ClusterIndex | RepoWriter | KeyNetwork | Newcomers | Signer | Verifier | Hasher> =>
  Layer.scoped(ClusterMember, make(options))
