import * as Schema from "effect/Schema"
import { ActionId, BlockId, Rev } from "./Ids.ts"
import { After, Base, SignedManifest } from "./Manifest.ts"
import { Proof } from "./Proof.ts"

/** One entry of a block's revision index. Never dropped, not even when the block is deleted. Protocol §4. */
export const Revision = Schema.Struct({ actionId: ActionId, after: After, base: Base, rev: Rev })
export type Revision = typeof Revision.Type

/** A revision of a block as it is shown to others: the transaction that wrote it, and what proves that. */
export const CertifiedRevision = Schema.Struct({ block: BlockId, proof: Proof, signed: SignedManifest })
export type CertifiedRevision = typeof CertifiedRevision.Type
