import type { ActionId, BlockId } from "../../schemas/Ids.ts"
import type { PendAnswer, TransactionStatus } from "../../schemas/Repo.ts"
import type { StorageWrite } from "../../services/RawStorage.ts"
import type { BlockState, Lock, TransactionRecord } from "./BlockState.ts"

/** What a view is to become once the writes of a plan are durable. */
export interface ViewChanges {
  readonly blocks?: ReadonlyArray<BlockState>
  readonly locked?: ReadonlyArray<readonly [BlockId, Lock]>
  /** The transaction whose locks are freed. */
  readonly freed?: ActionId
  readonly transaction?: readonly [ActionId, TransactionRecord]
}

/** What a planner decided: what to write, what the view is afterwards, and what to answer once it is durable. */
export interface Plan<Answer = PendAnswer> {
  readonly writes: ReadonlyArray<StorageWrite>
  readonly changes: ViewChanges
  readonly answer: Answer
}

/** A plan that changes nothing. */
export const answerOnly = <Answer>(answer: Answer): Plan<Answer> => ({ answer, changes: {}, writes: [] })

/** The plan of a cancel. */
export type CancelPlan = Plan<TransactionStatus>
