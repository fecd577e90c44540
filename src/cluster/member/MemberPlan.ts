import type { MemberAnswer } from "../../../schemas/Cluster.ts"
import type { ActionId, BlockId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { MemberNotice } from "../../../services/ClusterMember.ts"
import type { StorageWrite } from "../../../services/RawStorage.ts"
import type { ViewChanges } from "../../storage/Plan.ts"
import type { Votes } from "./Votes.ts"

/** One change of what a member knows, once the writes of its plan are durable. */
export type MemberChange =
  | { readonly _tag: "Stored"; readonly changes: ViewChanges }
  | { readonly _tag: "Voted"; readonly action: ActionId; readonly votes: Votes }
  /** Its outcome is known: promises about it say nothing more. */
  | { readonly _tag: "Settled"; readonly action: ActionId }
  | { readonly _tag: "Applied"; readonly action: ActionId; readonly signed: SignedManifest }
  /** One lock of a transaction no longer matters: its base is superseded. */
  | { readonly _tag: "Unlocked"; readonly block: BlockId; readonly holder: ActionId }
  | { readonly _tag: "Forgotten"; readonly action: ActionId }
  /** The cluster index has an entry. */
  | { readonly _tag: "Entered"; readonly entry: CertifiedRevision }

/** What a rule decided: the answer, which may be told once the writes are durable, and what is known then. */
export interface MemberPlan {
  readonly answer: MemberAnswer
  readonly writes: ReadonlyArray<StorageWrite>
  readonly changes: ReadonlyArray<MemberChange>
  readonly notices: ReadonlyArray<MemberNotice>
}

/** A plan that only answers. */
export const onlyAnswer = (answer: MemberAnswer, ...notices: ReadonlyArray<MemberNotice>): MemberPlan => ({
  answer,
  changes: [],
  notices,
  writes: []
})
