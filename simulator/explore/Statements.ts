/** Join statements as they are put into a proposal, and which of their differences anybody sees. */
import type { AcceptanceProof, JoinStatement } from "../../schemas/Cluster.ts"
import type { Certificate, Decision, JoinValue } from "../../schemas/Proof.ts"
import { signClaim } from "../../src/encoding/Statements.ts"
import type { Machine } from "./Machine.ts"
import { certifyAs, type Scene, type Strength, type Transaction } from "./Scene.ts"
import { acceptancesBelow, says } from "./says.ts"

/** What a member says when it joins, with or without the proof of the acceptance that it tells of. */
export interface Said {
  readonly value: JoinValue
  readonly isProved: boolean
}

/** Statements of distinct members of the primary cluster: of which ones makes no difference. */
export const statementsOf = (
  scene: Scene,
  machine: Machine,
  transaction: Transaction,
  ballot: number,
  all: ReadonlyArray<Said>
): ReadonlyArray<JoinStatement> => {
  const { context, signers } = scene.clusters[transaction.shards[0]!]!
  const { action, ballots } = transaction
  return all.map(({ isProved, value }, i): JoinStatement => {
    const claim = { action, ballot: ballots[ballot]!, kind: "join", value } as const
    const signed = signClaim(signers[i]!, context.network, claim)
    const { acceptance } = value
    if (acceptance === null || !isProved) return { signed, value }
    return {
      proof: acceptanceProof(scene, machine, transaction, acceptance.ballot?.n ?? 0, acceptance.value, "proved"),
      signed,
      value
    }
  })
}

/** The pend certificates of all shards. */
export const pendProof = ({ clusters }: Scene, transaction: Transaction, strength: Strength): AcceptanceProof => {
  const [first, ...others] = transaction.shards.map((cluster, shard) =>
    certifyAs(clusters[cluster]!, transaction, says.approval(shard), strength)
  )
  return [first!, ...others]
}

/** What is shown with an acceptance. */
export const acceptanceProof = (
  scene: Scene,
  machine: Machine,
  transaction: Transaction,
  ballot: number,
  value: Decision,
  strength: Strength
): AcceptanceProof => {
  const pends = pendProof(scene, transaction, strength)
  if (ballot === 0) return pends
  const prepared = preparedProof(scene, transaction, ballot, value, strength)
  return needsPends(scene, machine, transaction, ballot, value) ? [prepared, ...pends] : [prepared]
}

const preparedProof = (
  { clusters }: Scene,
  transaction: Transaction,
  ballot: number,
  value: Decision,
  strength: Strength
): Certificate =>
  certifyAs(clusters[transaction.shards[0]!]!, transaction, says.prepared(transaction, ballot, value), strength)

/** Whether a prepare certificate is not enough to accept a value, as the machine has it: pend certificates go with it. Decision 24. */
export const needsPends = (
  scene: Scene,
  machine: Machine,
  transaction: Transaction,
  ballot: number,
  value: Decision
): boolean => {
  const { context } = scene.clusters[transaction.shards[0]!]!
  const { action, ballots, signed } = transaction
  const prepared = preparedProof(scene, transaction, ballot, value, "proved")
  const acceptance = { ballot: ballots[ballot]!, value }
  return machine.acceptanceProblem(context, action, signed.manifest, acceptance, [prepared]) !== undefined
}

/**
 * Whether it makes a difference to anybody which members say that they have approved. Where it makes none, as in transactions of
 * several shards, statements that differ in nothing else are one. This is asked of the machine, for all sets of statements.
 */
export const approvalsMatter = (scene: Scene, machine: Machine, transaction: Transaction, ballot: number): boolean => {
  const { context, signers } = scene.clusters[transaction.shards[0]!]!
  const { action, ballots, signed } = transaction
  const acceptances = [null, ...acceptancesBelow(transaction, ballot)]
  const verdict = (set: ReadonlyArray<JoinValue["acceptance"]>, approvals: number): string => {
    const all = set.map((acceptance, i) => ({
      isProved: true,
      value: { acceptance, approved: ((approvals >>> i) & 1) === 1 }
    }))
    const statements = statementsOf(scene, machine, transaction, ballot, all)
    const justified = machine.justify(context, action, signed.manifest, ballots[ballot]!, statements)
    return typeof justified === "string" ? "nothing" : `${justified.value} from ${justified.from}`
  }
  return setsOf(acceptances, signers.length).some((set) => {
    const without = verdict(set, 0)
    return Array.from({ length: 2 ** set.length }, (_, approvals) => approvals).some(
      (approvals) => verdict(set, approvals) !== without
    )
  })
}

/** All sets of up to so many of some things, each any number of times. */
const setsOf = <A>(things: ReadonlyArray<A>, most: number): ReadonlyArray<ReadonlyArray<A>> => {
  if (most === 0) return [[]]
  return [[], ...things.flatMap((first, i) => setsOf(things.slice(i), most - 1).map((others) => [first, ...others]))]
}
