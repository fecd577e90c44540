/** A recovery on its way: what whoever finishes a transaction knows, and what it does next. Protocol §4, *Recovery*. */
import type { Ending, LockInTheWay } from "../../../schemas/Cluster.ts"
import type { PeerId } from "../../../schemas/Ids.ts"
import type { Certificate } from "../../../schemas/Proof.ts"
import type { BallotOrZero } from "../Ballot.ts"
import type { Driven, Finished, Heard, InTheWay, Send } from "./Drive.ts"
import type { PendGathering } from "./PendGathering.ts"
import type { RecoveryBallot } from "./RecoveryBallot.ts"

/** How a recovery ended, where that is with a commit. */
export type Committed = Extract<Ending, { _tag: "Committed" }>

/** What a member answered. */
export type Answered = Extract<Heard, { _tag: "Answer" }>

/** What a recoverer does. */
export type RecovererOutput =
  | Send
  | Finished
  | InTheWay
  /** This ballot came to nothing. `BackOffElapsed`, after a random time, begins a higher one. */
  | { readonly _tag: "BackOff"; readonly ballots: number }

/** Where a recovery is. */
export type RecoveryPhase =
  | { readonly _tag: "Asking"; readonly answered: ReadonlySet<PeerId> }
  | { readonly _tag: "Leading"; readonly current: RecoveryBallot }
  | { readonly _tag: "BackingOff" }
  /** The decision is commit; to tell all shards of it takes their pend certificates, too, and not all are at hand. */
  | { readonly _tag: "Gathering"; readonly ending: Committed; readonly answered: ReadonlySet<PeerId> }
  | { readonly _tag: "Finished"; readonly ending: Ending }

/** A recovery on its way. */
export interface Recovery {
  readonly driven: Driven
  /** Who leads the ballots. */
  readonly self: PeerId
  readonly phase: RecoveryPhase
  readonly order: ReadonlyArray<PeerId>
  readonly pends: PendGathering
  /** The highest ballot that anybody told of, shown or not. */
  readonly highest: BallotOrZero
  /** The ballot that was led last. */
  readonly led: BallotOrZero
  /** The highest prepare certificate that was seen: who lags behind joins a ballot near that one. */
  readonly near: Certificate | undefined
  /** Who declined to prepare: their statements are wanted first in the next ballot. */
  readonly declined: ReadonlySet<PeerId>
  readonly inTheWay: ReadonlyArray<LockInTheWay>
  readonly ballots: number
}

/** A recovery after an event, and what is done. */
export interface RecoveryStep {
  readonly state: Recovery
  readonly outputs: ReadonlyArray<RecovererOutput>
}

/** Nothing is to be done. */
export const idle = (state: Recovery): RecoveryStep => ({ outputs: [], state })
