/** What shows who created a collection without a roster, and so who keeps it. Protocol §1, *cluster index*; §2, *Creating a well-known id*. */
import type { ActionId, BlockId, PeerId } from "../../../schemas/Ids.ts"
import type { SignedManifest } from "../../../schemas/Manifest.ts"
import type { CertifiedRevision } from "../../../schemas/Revision.ts"
import type { HasherService } from "../../../services/Hasher.ts"
import { actionId } from "../../encoding/BlockIds.ts"
import { entriesOf, isCollectionId } from "../../storage/manifestRules.ts"
import type { ClusterRules } from "../ClusterRules.ts"
import { revisionProblem } from "./RevisionProof.ts"
import { signedProblem } from "./SignedManifest.ts"

/** The transaction that an entry of the cluster index names, and the members that it names for the collection. */
export interface Creation {
  readonly creator: ActionId
  readonly members: ReadonlyArray<PeerId>
}

/** What an entry says, proved or not; undefined where its transaction creates no such collection. */
export const creationIn = (
  { hasher }: { readonly hasher: HasherService },
  { block, signed }: Pick<CertifiedRevision, "block" | "signed">
): Creation | undefined => {
  const shard = signed.manifest.shards.find(({ writes }) => Object.hasOwn(writes, block))
  if (shard === undefined || shard.writes[block]!.base !== "none" || !isCollectionId(block)) return undefined
  return { creator: actionId(hasher, signed.manifest), members: shard.members }
}

/** Why an entry does not show that its transaction created the collection, with the approval of all members that it names. */
export const creationProblem = (
  rules: ClusterRules,
  clusterSize: number,
  entry: CertifiedRevision
): string | undefined => {
  const creation = creationIn(rules, entry)
  if (creation === undefined) return "its transaction does not create the collection"
  const { creator, members } = creation
  if (members.length !== clusterSize) return `it names ${members.length} members, not ${clusterSize}`
  const { block, proof, signed } = entry
  return (
    signedProblem(rules, creator, signed) ?? revisionProblem(rules, creator, signed.manifest, block, members, proof)
  )
}

/** The headers that a transaction creates, of those that some members keep. */
export const createdBy = (
  { manifest: { shards } }: Pick<SignedManifest, "manifest">,
  isKeptBy: (members: ReadonlyArray<PeerId>) => boolean = () => true
): ReadonlyArray<BlockId> =>
  shards
    .filter(({ members }) => isKeptBy(members))
    .flatMap(({ writes }) =>
      entriesOf(writes).flatMap(([id, { base }]) => (base === "none" && isCollectionId(id) ? [id] : []))
    )
