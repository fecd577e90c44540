/**
 * What the explorer explores: the rules of a member, and what they take for proof. It is a value, so that machines with a
 * deliberate mistake can be explored, too.
 */
import { acceptanceProblem } from "../../src/cluster/evidence/AcceptanceProof.ts"
import {
  decisionProblem,
  pendProblem,
  preparedProblem,
  refusalsProblem
} from "../../src/cluster/evidence/Certificate.ts"
import { justify } from "../../src/cluster/evidence/Justification.ts"
import { shardProofProblem } from "../../src/cluster/evidence/RevisionProof.ts"
import { step } from "../../src/cluster/member/Member.ts"
import { rebuild } from "../../src/cluster/member/rebuild.ts"
import { statementText } from "../../src/encoding/Statements.ts"

/** A member's steps and restarts, and the rules by which it, and anybody, judges signatures. */
export interface Machine {
  readonly acceptanceProblem: typeof acceptanceProblem
  readonly decisionProblem: typeof decisionProblem
  readonly justify: typeof justify
  readonly pendProblem: typeof pendProblem
  readonly preparedProblem: typeof preparedProblem
  readonly rebuild: typeof rebuild
  readonly refusalsProblem: typeof refusalsProblem
  readonly shardProofProblem: typeof shardProofProblem
  readonly statementText: typeof statementText
  readonly step: typeof step
}

/** The machine that nodes run. */
export const machine: Machine = {
  acceptanceProblem,
  decisionProblem,
  justify,
  pendProblem,
  preparedProblem,
  rebuild,
  refusalsProblem,
  shardProofProblem,
  statementText,
  step
}
