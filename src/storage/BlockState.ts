import type { Block } from "../../schemas/Block.ts"
import type { FailedEnding } from "../../schemas/Cluster.ts"
import type { ActionId, BlockId, CollectionId, PeerId, Rev } from "../../schemas/Ids.ts"
import type { Payload, SignedManifest } from "../../schemas/Manifest.ts"
import type { Proof } from "../../schemas/Proof.ts"
import type { Revision } from "../../schemas/Revision.ts"
import type { Kept } from "./Retention.ts"

/** What a node holds of one block: its latest revision, and how that is stored. */
export interface BlockState extends Kept {
  readonly id: BlockId
  readonly collection: CollectionId
  /** The certified member set, fixed at creation. */
  readonly members: ReadonlyArray<PeerId>
  readonly latest: Revision
  /** The content of the latest revision; undefined: a tombstone. What was read from a store is parsed when first looked at. */
  readonly block: Block | undefined
  /** The length of that content as JSON text. */
  readonly blockLength: number
  /** The newest revision that is stored whole. */
  readonly whole: Rev
  /** The revisions after it, stored as changes, oldest first. */
  readonly since: ReadonlyArray<Rev>
  /** The length of those changes as JSON text. */
  readonly sinceLength: number
}

/** A lock that a pended transaction holds on a block. */
export interface Lock {
  readonly holder: ActionId
  readonly mode: "read" | "write"
}

/** How a transaction ended that never commits, as a member of a cluster shows it to others. */
export interface ShownEnding {
  readonly ending: FailedEnding
  readonly signed: SignedManifest
}

/** What a node holds of one transaction. */
export type TransactionRecord =
  | { readonly _tag: "Pending"; readonly signed: SignedManifest; readonly payload: Payload }
  | { readonly _tag: "Committed"; readonly proof: Proof }
  | { readonly _tag: "Aborted"; readonly shown?: ShownEnding }

/** What the planners see: everything that a request names, from memory. */
export interface RepoView {
  /** A block as it is. May raise a {@link ViewFault}. */
  readonly block: (id: BlockId) => BlockState | undefined
  readonly locks: (id: BlockId) => ReadonlyArray<Lock>
  /** What is known of a transaction. May raise a {@link ViewFault}. */
  readonly transaction: (id: ActionId) => TransactionRecord | undefined
  /** False only where a transaction is certainly neither pended nor aborted here. From memory alone. */
  readonly mayBePendedOrAborted: (id: ActionId) => boolean
}

/** What a view has not got in memory. */
export type Missing =
  | { readonly _tag: "Block"; readonly block: BlockId }
  | { readonly _tag: "Transaction"; readonly action: ActionId }
  | { readonly _tag: "Applied"; readonly action: ActionId }
  | { readonly _tag: "RevisionAfter"; readonly block: BlockId; readonly rev: number }
  | { readonly _tag: "Entry"; readonly collection: BlockId }

/** Raised by a look at what is not in memory: it is loaded, and the plan made again. */
export class ViewFault {
  readonly missing: Missing
  constructor(missing: Missing) {
    this.missing = missing
  }
}
