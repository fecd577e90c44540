/** Which value join statements allow to propose. Protocol §4, *propose*. */
import type { JoinStatement } from "../../../schemas/Cluster.ts"
import type { ActionId, PeerId } from "../../../schemas/Ids.ts"
import type { Manifest } from "../../../schemas/Manifest.ts"
import type { Ballot, Decision } from "../../../schemas/Proof.ts"
import { peerIdOf } from "../../encoding/PeerIdentity.ts"
import { verifyClaim } from "../../encoding/Statements.ts"
import { compareBallots } from "../Ballot.ts"
import { type ClusterRules, isOneRound } from "../ClusterRules.ts"
import { quorumsOf } from "../Quorum.ts"
import { acceptanceProblem } from "./AcceptanceProof.ts"

/** The one value that may be proposed, and where it comes from. */
export interface Justified {
  readonly value: Decision
  /** `approvals`: commit was inferred from approvals, and whoever prepares it must hold the lock. */
  readonly from: "acceptance" | "approvals" | "nothing"
}

/** Why a join statement does not count in a ballot. */
export const statementProblem = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  ballot: Ballot,
  { proof, signed, value }: JoinStatement
): string | undefined => {
  const { members } = manifest.shards[0]
  if (!members.includes(peerIdOf(signed.key))) return "a join statement is not of a member"
  if (!verifyClaim(rules.verifier, rules.network, { action, ballot, kind: "join", value }, signed))
    return "the signature of a join statement does not verify"
  const { acceptance } = value
  if (acceptance === null) return undefined
  if (compareBallots(acceptance.ballot, ballot) >= 0)
    return "a join statement tells of a ballot that is not below its own"
  // Without it a liar could make up any acceptance.
  const problem = acceptanceProblem(rules, action, manifest, acceptance, proof ?? [])
  return problem === undefined ? undefined : `the acceptance in a join statement is not proved: ${problem}`
}

/** What exactly Q join statements of distinct members justify; or, as a text, why they justify nothing. */
export const justify = (
  rules: ClusterRules,
  action: ActionId,
  manifest: Manifest,
  ballot: Ballot,
  statements: ReadonlyArray<JoinStatement>
): Justified | string => {
  const { approvalThreshold, quorum } = quorumsOf(manifest.shards[0].members.length, rules.faultModel)
  const signers = new Set<PeerId>(statements.map(({ signed }) => peerIdOf(signed.key)))
  if (statements.length !== quorum || signers.size !== quorum)
    return `there are not join statements of exactly ${quorum}`
  for (const statement of statements) {
    const problem = statementProblem(rules, action, manifest, ballot, statement)
    if (problem !== undefined) return problem
  }
  return inferred(statements, isOneRound(rules, manifest) ? approvalThreshold : undefined)
}

/** The value of the highest acceptance; else commit if `threshold` approvals show that it may have been decided; else abort. */
const inferred = (statements: ReadonlyArray<JoinStatement>, threshold: number | undefined): Justified => {
  const [highest] = statements
    .flatMap(({ value }) => (value.acceptance === null ? [] : [value.acceptance]))
    .sort((a, b) => compareBallots(b.ballot, a.ballot))
  if (highest !== undefined) return { from: "acceptance", value: highest.value }
  const approvals = statements.filter(({ value }) => value.approved).length
  return threshold !== undefined && approvals >= threshold
    ? { from: "approvals", value: "commit" }
    : { from: "nothing", value: "abort" }
}
