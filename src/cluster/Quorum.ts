/** How many of K members decide. Protocol §1. */
import type { FaultModel } from "../../schemas/Proof.ts"

/** Sizes of quorums. */
export interface Quorums {
  /** A quorum: that many acceptances of one ballot decide, and that many approvals pend. */
  readonly quorum: number
  /** A fast quorum: that many approvals of a transaction of one shard decide. */
  readonly fastQuorum: number
}

/** The quorums of so many members. */
export const quorumsOf = (members: number, faultModel: FaultModel): Quorums => {
  if (faultModel === "crash") {
    const quorum = Math.floor(members / 2) + 1
    return { fastQuorum: Math.max(quorum, Math.floor(members - quorum / 2) + 1), quorum }
  }
  const liars = Math.floor((members - 1) / 3)
  const quorum = members - liars
  return { fastQuorum: Math.max(quorum, Math.floor((members + 3 * liars) / 2) + 1), quorum }
}
