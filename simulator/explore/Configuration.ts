/** What is explored: who is there, what they compete for, and how far the search goes. */
import type { FaultModel } from "../../schemas/Proof.ts"

/** A cluster: members that follow the rules, and some whose keys sign anything. */
export interface ClusterOf {
  readonly honest: ReadonlyArray<string>
  readonly liars: ReadonlyArray<string>
}

/** A transaction, by the collections that it appends to and those that it only reads. */
export interface TransactionOf {
  readonly name: string
  readonly writes: ReadonlyArray<string>
  readonly reads?: ReadonlyArray<string>
  /** Recoverers use ballots up to this number. */
  readonly ballots: number
}

/** What members are shown beside the messages that lead to decisions. */
export type Housekeeping = "apply" | "end" | "forget"

/** A small world, of which all states are looked at. */
export interface Configuration {
  readonly name: string
  /** What it is, in a sentence. */
  readonly about: string
  readonly faultModel: FaultModel
  readonly clusters: Readonly<Record<string, ClusterOf>>
  /** The cluster that keeps each collection. */
  readonly collections: Readonly<Record<string, string>>
  readonly transactions: ReadonlyArray<TransactionOf>
  readonly housekeeping: ReadonlyArray<Housekeeping>
  /** Transactions that all honest members have approved before the search begins. */
  readonly approved?: ReadonlyArray<string>
  /** The two transactions differ in nothing but their names: states that differ only in that are one. */
  readonly isSymmetric?: boolean
  /** The search gives up once it has found so many states. */
  readonly maxStates: number
}

/** Whether any of the members of a cluster can be relied on: one that is all liars is its author's own. */
export const isTrusted = ({ honest }: ClusterOf): boolean => honest.length > 0
