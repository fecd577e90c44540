/** What makes a manifest and its certificates the proof of a block's revision, whatever was stored. Protocol §3. */
import * as Schema from "effect/Schema"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import { SignedManifest } from "../../schemas/Manifest.ts"
import { Proof } from "../../schemas/Proof.ts"
import type { ClusterRules } from "../cluster/ClusterRules.ts"
import { revisionProblem } from "../cluster/evidence/RevisionProof.ts"
import { signedProblem } from "../cluster/evidence/SignedManifest.ts"

/** Whose statements count, and how they are checked. The members of a database are declared, unless it says otherwise. */
export interface ProofContext extends Omit<ClusterRules, "hasRoster"> {
  readonly hasRoster?: boolean
}

/** A transaction, and what is said to prove it. */
export interface ClaimedProof {
  readonly action: ActionId
  readonly proof: Proof
  readonly signed: SignedManifest
}

/** Why a proof does not prove that a block, whose certified members these are, was written; undefined where it does. */
export const proofProblem = (
  context: ProofContext,
  block: BlockId,
  members: ReadonlyArray<PeerId>,
  { action, proof, signed }: ClaimedProof
): string | undefined => {
  const rules: ClusterRules = { hasRoster: true, ...context }
  return (
    shapeProblem(proof, signed) ??
    signedProblem(rules, action, signed) ??
    revisionProblem(rules, action, signed.manifest, block, members, proof)
  )
}

const isSigned = Schema.is(SignedManifest)
const isProof = Schema.is(Proof)

/** What is stored may be anything. */
const shapeProblem = (proof: unknown, signed: unknown): string | undefined =>
  isSigned(signed) ? (isProof(proof) ? undefined : "the proof has no such shape") : "the manifest has no such shape"
