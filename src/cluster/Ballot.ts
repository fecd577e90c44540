/** The order of ballots. Ballot 0, which has no number of its own, is `null`. Protocol §3, §4. */
import type { PeerId } from "../../schemas/Ids.ts"
import type { Ballot } from "../../schemas/Proof.ts"

/** A ballot, or ballot 0. */
export type BallotOrZero = Ballot | null

/** Negative where the first ballot is lower: by number, then by peer. */
export const compareBallots = (a: BallotOrZero, b: BallotOrZero): number => {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null)
  if (a.n !== b.n) return a.n - b.n
  return a.peer === b.peer ? 0 : a.peer < b.peer ? -1 : 1
}

/** Whether two ballots are the same. */
export const isSameBallot = (a: BallotOrZero, b: BallotOrZero): boolean => compareBallots(a, b) === 0

/** The higher of two ballots. */
export const higherBallot = (a: BallotOrZero, b: BallotOrZero): BallotOrZero => (compareBallots(a, b) < 0 ? b : a)

/** A member does not join a number more than this above the one it joined: nobody can use all numbers up. §4, *Recovery*. */
export const MAX_BALLOT_STEP = 1_000

/** The highest number that is joined by who has come so far. */
const highestNumber = (reached: ReadonlyArray<BallotOrZero>): number =>
  Math.max(0, ...reached.map((ballot) => ballot?.n ?? 0)) + MAX_BALLOT_STEP

/** Whether a ballot is too far above what a member has joined, or has been shown a prepare certificate of. */
export const isOversized = ({ n }: Ballot, ...reached: ReadonlyArray<BallotOrZero>): boolean =>
  n > highestNumber(reached)

/**
 * The ballot of a peer above all that it was told of, but no further above what it has reached than members join: anybody
 * may make up a number, and nobody would follow there.
 */
export const ballotAbove = (peer: PeerId, told: BallotOrZero, ...reached: ReadonlyArray<BallotOrZero>): Ballot => ({
  n: Math.min((told?.n ?? 0) + 1, highestNumber(reached)),
  peer
})
