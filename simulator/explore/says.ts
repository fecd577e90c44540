/** What members say about a transaction, but for who says it. */
import type { Decision, JoinValue } from "../../schemas/Proof.ts"
import type { Says, Transaction } from "./Scene.ts"

export const DECISIONS: ReadonlyArray<Decision> = ["commit", "abort"]

/** An approval or a refusal of a shard; that a value was prepared, or accepted, in a ballot. */
export const says = {
  accepted: ({ ballots }: Transaction, ballot: number, value: Decision): Says => ({
    ballot: ballots[ballot]!,
    kind: "accepted",
    shard: 0,
    value
  }),
  approval: (shard: number): Says => ({ ballot: null, kind: "approve", shard, value: null }),
  prepared: ({ ballots }: Transaction, ballot: number, value: Decision): Says => ({
    ballot: ballots[ballot]!,
    kind: "prepared",
    shard: 0,
    value
  }),
  refusal: (shard: number): Says => ({ ballot: null, kind: "refuse", shard, value: null })
}

/** What an acceptance below a ballot may be, in the order in which they are numbered. */
export const acceptancesBelow = (
  { ballots }: Transaction,
  ballot: number
): ReadonlyArray<NonNullable<JoinValue["acceptance"]>> =>
  ballots
    .slice(0, ballot)
    .flatMap((below) => (below === null ? (["commit"] as const) : DECISIONS).map((value) => ({ ballot: below, value })))
