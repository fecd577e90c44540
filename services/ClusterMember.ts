import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { MemberAnswer, MemberRequest } from "../schemas/Cluster.ts"
import type { ActionId, BlockId, CollectionId } from "../schemas/Ids.ts"
import type { Manifest } from "../schemas/Manifest.ts"
import type { CertifiedRevision } from "../schemas/Revision.ts"
import type { ReadError } from "./StorageRepo.ts"

/** What a member noticed while it answered, and others are to act upon. */
export type MemberNotice =
  /** Revisions of blocks are missing here: they are to be fetched, from any member, and checked. */
  | { readonly _tag: "Fetch"; readonly blocks: ReadonlyArray<BlockId> }
  /** Something that cannot be unless more members lie than may: a person must look. */
  | { readonly _tag: "Alarm"; readonly action: ActionId; readonly reason: string }

/**
 * What became of an entry of the cluster index. `unproved`: nothing shows that its transaction created the collection.
 * `contradicted`: another one did, as is proved here; a notice tells so.
 */
export type Entering = "entered" | "known" | "unproved" | "contradicted"

/** This node as a member of the clusters of its blocks. */
export interface ClusterMemberService {
  /** Answers a request, once all that the answer promises is durable. `Busy` is an answer, too. */
  readonly answer: (request: MemberRequest) => Effect.Effect<MemberAnswer, ReadError>
  /** What this node's part of the cluster index says of who created a collection. */
  readonly entry: (collection: CollectionId) => Effect.Effect<CertifiedRevision | undefined, ReadError>
  /** Takes an entry that stands into this node's part of the cluster index. */
  readonly enter: (entry: CertifiedRevision) => Effect.Effect<Entering, ReadError>
  /** Drops what is left of a transaction that has ended, if nothing can ask for it any more. */
  readonly forget: (action: ActionId) => Effect.Effect<void, ReadError>
  /** The undecided transactions that it has promised something about, oldest first. */
  readonly undecided: Effect.Effect<ReadonlyArray<ActionId>>
  /** Calls a listener with each transaction that is applied here, once that can be read, as long as the scope is open. */
  readonly onApplied: (listener: (manifest: Manifest) => void) => Effect.Effect<void, never, Scope.Scope>
  /** What it noticed; the oldest notices are dropped where nobody takes them. */
  readonly notices: Queue.Dequeue<MemberNotice>
}

/** The port for a member of clusters. */
export class ClusterMember extends Context.Tag("optimystic/ClusterMember")<ClusterMember, ClusterMemberService>() {}
