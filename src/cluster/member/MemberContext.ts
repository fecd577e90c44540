import type { BlockId, CollectionId, PeerId } from "../../../schemas/Ids.ts"
import type { SignerService } from "../../../services/Signer.ts"
import type { ClusterRules } from "../ClusterRules.ts"

/** What a member knows of the peers around it. */
export interface Membership {
  /** The K peers that are to keep what is new at a place, sorted: of the roster, or the closest active peers it knows. */
  readonly closest: (place: BlockId) => ReadonlyArray<PeerId>
  /** The home of a collection that is not kept here, from a verified header or index entry. */
  readonly home: (collection: CollectionId) => ReadonlyArray<PeerId> | undefined
  /** Without a roster: why nothing is created at a place now, though its members are the closest that are active. Decision 32. */
  readonly objection: (block: BlockId, members: ReadonlyArray<PeerId>) => string | undefined
  /** Whether it lets a peer be a member of a cluster. */
  readonly isAdmitted: (peer: PeerId) => boolean
}

/** Limits of a member. */
export interface MemberPolicy {
  /** Undecided transactions of one author that it promises something about, at most. */
  readonly maxUndecidedPerAuthor: number
  /** Blocks of one transaction that this member is to lock, at most: a larger one it never takes. */
  readonly maxBlocks: number
  /** JSON, in UTF-16 code units, that it keeps for undecided transactions of one author, at most: one that is larger it never takes. */
  readonly maxPendingLengthPerAuthor: number
  /** The same for all authors together. */
  readonly maxPendingLength: number
}

const MEBI = 1_048_576

/** What suits a laptop. */
export const defaultMemberPolicy: MemberPolicy = {
  maxBlocks: 16_384,
  maxPendingLength: 256 * MEBI,
  maxPendingLengthPerAuthor: 64 * MEBI,
  maxUndecidedPerAuthor: 256
}

/** Who a member is, and by which rules it votes. */
export interface MemberContext extends ClusterRules {
  /** K: how many members each cluster has. */
  readonly clusterSize: number
  readonly membership: Membership
  readonly policy: MemberPolicy
  readonly signer: SignerService
}
