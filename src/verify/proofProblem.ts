/** What makes a manifest and its certificates the proof of a block's revision. Protocol §3. */
import * as Schema from "effect/Schema"
import type { ActionId, BlockId, PeerId } from "../../schemas/Ids.ts"
import { type NetworkName, SignedManifest } from "../../schemas/Manifest.ts"
import { type Certificate, type FaultModel, Proof } from "../../schemas/Proof.ts"
import type { HasherService } from "../../services/Hasher.ts"
import type { VerifierService } from "../../services/Verifier.ts"
import { quorumsOf } from "../cluster/Quorum.ts"
import { actionId } from "../encoding/BlockIds.ts"
import { countSigners, isAuthored } from "../encoding/Statements.ts"
import { sameMembers } from "../storage/blockRules.ts"
import { manifestProblem } from "../storage/manifestRules.ts"

/** Whose statements count, and how they are checked. */
export interface ProofContext {
  readonly faultModel: FaultModel
  readonly hasher: HasherService
  readonly network: NetworkName
  readonly verifier: VerifierService
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
  claimed: ClaimedProof
): string | undefined =>
  shapeProblem(claimed) ??
  authorProblem(context, claimed) ??
  manifestProblem(claimed.signed.manifest) ??
  decisionProblem(context, block, members, claimed)

const isSigned = Schema.is(SignedManifest)
const isProof = Schema.is(Proof)

/** What is stored may be anything. */
const shapeProblem = ({ proof, signed }: ClaimedProof): string | undefined =>
  isSigned(signed) ? (isProof(proof) ? undefined : "the proof has no such shape") : "the manifest has no such shape"

const authorProblem = ({ hasher, network, verifier }: ProofContext, { action, signed }: ClaimedProof) => {
  const { manifest } = signed
  if (actionId(hasher, manifest) !== action) return `the manifest is not that of transaction ${action}`
  if (manifest.network !== network) return `the manifest is of network ${manifest.network}, not ${network}`
  return isAuthored(verifier, network, action, signed) ? undefined : "the author's signature does not verify"
}

const decisionProblem = (
  context: ProofContext,
  block: BlockId,
  members: ReadonlyArray<PeerId>,
  { action, proof, signed }: ClaimedProof
): string | undefined => {
  const { shards } = signed.manifest
  const index = shards.findIndex(({ writes }) => Object.hasOwn(writes, block))
  const shard = shards[index]
  if (shard === undefined) return "the manifest does not write the block"
  if (!sameMembers(shard.members, members)) return "the manifest names other members than the header"
  const isFast = shards.length === 1
  const decision = certificateProblem(
    context,
    action,
    shards[0].members,
    proof.decision,
    isFast ? "either" : "accepted"
  )
  if (decision !== undefined) return `its decision certificate ${decision}`
  if (isFast) return undefined
  // Else an author could name friends as the primary cluster.
  if (proof.pend === undefined) return "the pend certificate of its shard is absent"
  const pend = certificateProblem(context, action, members, proof.pend, index)
  return pend === undefined ? undefined : `its pend certificate ${pend}`
}

/**
 * What is wrong with a certificate. `use`: a decision by acceptances, by them or by approvals of a fast quorum, or, as the
 * index of a shard, the approvals that pended it.
 */
const certificateProblem = (
  { faultModel, network, verifier }: ProofContext,
  action: ActionId,
  members: ReadonlyArray<PeerId>,
  certificate: Certificate,
  use: "accepted" | "either" | number
): string | undefined => {
  const { ballot, kind, shard, value } = certificate
  const { fastQuorum, quorum } = quorumsOf(members.length, faultModel)
  const isApproval = kind === "approve" && ballot === null && value === null
  const isAcceptance = kind === "accepted" && value === "commit"
  const isFit =
    typeof use === "number"
      ? isApproval && shard === use
      : shard === 0 && (isAcceptance || (isApproval && use === "either"))
  if (!isFit) return `is one of kind ${kind}, shard ${shard}, value ${value}`
  const needed = use === "either" && isApproval ? fastQuorum : quorum
  const signers = countSigners(verifier, network, action, certificate, members)
  return signers >= needed ? undefined : `has ${signers} valid signatures of members, of ${needed} that it needs`
}
