/** What makes signatures of members a certificate. Protocol §1, §2, §3, §4. */
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Ballot, Certificate, Decision } from "../../../schemas/Proof.ts"
import { countSigners } from "../../encoding/Statements.ts"
import { isSameBallot } from "../Ballot.ts"
import { approvalsNeeded, type ClusterRules, hasRefusals, isOneRound } from "../ClusterRules.ts"
import { quorumsOf } from "../Quorum.ts"

/** Why distinct members have not signed a certificate often enough. */
const countProblem = (
  { network, verifier }: ClusterRules,
  action: ActionId,
  certificate: Certificate,
  members: ReadonlyArray<PeerId>,
  needed: number
): string | undefined => {
  // More would be work for whoever counts, and prove nothing.
  if (certificate.signatures.length > members.length) return `has more signatures than there are members`
  const signers = countSigners(verifier, network, action, certificate, members)
  return signers >= needed ? undefined : `has ${signers} valid signatures of members, of ${needed} that it needs`
}

const otherKind = ({ kind, shard, value }: Certificate): string =>
  `is one of kind ${kind}, shard ${shard}, value ${value}`

const isApproval = ({ ballot, kind, value }: Certificate): boolean =>
  kind === "approve" && ballot === null && value === null

/** What is wrong with the pend certificate of a shard: Q approvals, or all K. §2. */
export const pendProblem = (
  rules: ClusterRules,
  action: ActionId,
  { shards }: Manifest,
  index: number,
  certificate: Certificate
): string | undefined => {
  const shard = shards[index]
  if (shard === undefined || !isApproval(certificate) || certificate.shard !== index) return otherKind(certificate)
  return countProblem(rules, action, certificate, shard.members, approvalsNeeded(rules, shard))
}

/** What is wrong with the pend certificates of all shards, in their order. §3. */
export const pendsProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  certificates: ReadonlyArray<Certificate>
): string | undefined => {
  if (certificates.length !== manifest.shards.length) {
    return `there are ${certificates.length} pend certificates for ${manifest.shards.length} shards`
  }
  for (const [index, certificate] of certificates.entries()) {
    const problem = pendProblem(rules, action, manifest, index, certificate)
    if (problem !== undefined) return `the pend certificate of shard ${index} ${problem}`
  }
  return undefined
}

/** What is wrong with a refusal certificate: Q refusals of one shard, in a transaction of several. §2. */
export const refusalsProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  certificate: Certificate
): string | undefined => {
  const { ballot, kind, shard, value } = certificate
  const members = manifest.shards[shard]?.members
  if (kind !== "refuse" || ballot !== null || value !== null || members === undefined) return otherKind(certificate)
  if (!hasRefusals(manifest)) return "is of a transaction of one shard, whose refusals do not bind"
  return countProblem(rules, action, certificate, members, quorumsOf(members.length, rules.faultModel).quorum)
}

/** What is wrong with a prepare certificate: Q members prepared one value in one ballot. §4. */
export const preparedProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  ballot: Ballot,
  value: Decision,
  certificate: Certificate
): string | undefined => {
  const { members } = manifest.shards[0]
  const isFit =
    certificate.kind === "prepared" &&
    certificate.shard === 0 &&
    certificate.value === value &&
    isSameBallot(certificate.ballot, ballot)
  if (!isFit) return otherKind(certificate)
  return countProblem(rules, action, certificate, members, quorumsOf(members.length, rules.faultModel).quorum)
}

/** What is wrong with a decision certificate: Q acceptances of one ballot, or Qf approvals where those decide. §3. */
export const decisionProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  decision: Decision,
  certificate: Certificate
): string | undefined => {
  const { members } = manifest.shards[0]
  const { ballot, kind, shard, value } = certificate
  const { fastQuorum, quorum } = quorumsOf(members.length, rules.faultModel)
  if (shard !== 0) return otherKind(certificate)
  if (kind === "accepted" && value === decision && (ballot !== null || decision === "commit")) {
    return countProblem(rules, action, certificate, members, quorum)
  }
  return decision === "commit" && isApproval(certificate) && isOneRound(rules, manifest)
    ? countProblem(rules, action, certificate, members, fastQuorum)
    : otherKind(certificate)
}
