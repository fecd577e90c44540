import type { PeerId } from "../../schemas/Ids.ts"
import type { BallotOrZero } from "../../src/cluster/Ballot.ts"
import type { ClusterRules } from "../../src/cluster/ClusterRules.ts"
import type { Driven } from "../../src/cluster/driver/Drive.ts"
import * as Recoverer from "../../src/cluster/driver/Recoverer.ts"
import type { RecovererOutput } from "../../src/cluster/driver/Recovery.ts"
import * as TransactionDriver from "../../src/cluster/driver/TransactionDriver.ts"

/** What happens to a transaction on its way. */
export type TransactionEvent = TransactionDriver.DriverEvent | Recoverer.RecovererEvent

/** What is to be done for it. */
export type TransactionOutput = TransactionDriver.DriverOutput | RecovererOutput

/** A machine with its state: takes an event, and says what is to be done. */
export type TransactionMachine = (event: TransactionEvent) => ReadonlyArray<TransactionOutput>

/** Drives a transaction from its beginning. */
export const driving = (rules: ClusterRules, driven: Driven): TransactionMachine => {
  let state = TransactionDriver.startDriver(driven)
  return (event) => {
    if (event._tag === "BackOffElapsed") return []
    const next = TransactionDriver.step(rules, state, event)
    state = next.state
    return next.outputs
  }
}

/** Recovers a transaction, in ballots above the given one. */
export const recovering = (
  rules: ClusterRules,
  driven: Driven,
  self: PeerId,
  above: BallotOrZero
): TransactionMachine => {
  let state = Recoverer.startRecoverer(driven, self, above)
  return (event) => {
    if (event._tag === "HedgeElapsed") return []
    const next = Recoverer.step(rules, state, event)
    state = next.state
    return next.outputs
  }
}
