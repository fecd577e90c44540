/** How many of K members decide. Protocol §1. */
import type { FaultModel } from "../../schemas/Proof.ts"

/** Sizes of quorums. */
export interface Quorums {
  /** f: that many members may lie. */
  readonly liars: number
  /** Q: that many acceptances of one ballot decide, and that many approvals pend. */
  readonly quorum: number
  /** Qf: that many approvals of a transaction of one shard decide. */
  readonly fastQuorum: number
  /** T: that many approvals among Q join statements mean that Qf of them may have decided. */
  readonly approvalThreshold: number
}

/** The quorums of so many members. */
export const quorumsOf = (members: number, faultModel: FaultModel): Quorums => {
  const isCrash = faultModel === "crash"
  const liars = isCrash ? 0 : Math.floor((members - 1) / 3)
  const quorum = isCrash ? Math.floor(members / 2) + 1 : members - liars
  const recoverable = isCrash ? Math.floor(members - quorum / 2) + 1 : Math.floor((members + 3 * liars) / 2) + 1
  const fastQuorum = Math.max(quorum, recoverable)
  return { approvalThreshold: fastQuorum + quorum - members - liars, fastQuorum, liars, quorum }
}

/** Why a network is not to have clusters of so many members. Protocol §6. */
export const sizeProblem = (members: number, faultModel: FaultModel): string | undefined => {
  if (!Number.isSafeInteger(members) || members < 1) return `${members} is no number of members`
  return faultModel === "byzantine" && (members === 2 || members === 3)
    ? `byzantine with ${members} members tolerates no fault; use 4, or the fault model crash`
    : undefined
}
