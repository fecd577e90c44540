import type { ActionId, BlockId, PublicKey } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { RepoView } from "../../storage/BlockState.ts"
import type { Votes } from "./Votes.ts"

/** How many undecided transactions there are, and the length of what is kept to apply them, as JSON. */
export interface Undecided {
  readonly count: number
  readonly pendingLength: number
}

/** What the rules of a member see: blocks, locks and transactions as the planners of storage do, and its own promises. */
export interface MemberView extends RepoView {
  /** What this member promised about an undecided transaction. */
  readonly votes: (action: ActionId) => Votes | undefined
  /** The manifest of a transaction that was applied. */
  readonly applied: (action: ActionId) => SignedManifest | undefined
  /** The first revision of a block above a revision number, with what proves it. */
  readonly revisionAfter: (block: BlockId, rev: number) => CertifiedRevision | undefined
  /** What this member's part of the cluster index says of who created a collection. */
  readonly entry: (collection: BlockId) => CertifiedRevision | undefined
  /** The undecided transactions that this member has promised something about. */
  readonly promised: () => Iterable<readonly [ActionId, Votes]>
  /** The undecided transactions of an author that this member has promised something about; without one, of all. */
  readonly undecided: (author?: PublicKey) => Undecided
}
