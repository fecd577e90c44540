/** How patiently transactions are driven. Safety never depends on any of it. */
export interface DrivePolicy {
  /** How long the answer of a member is waited for, in milliseconds. */
  readonly answerMillis: number
  /**
   * With Q approvals the last votes are waited for at least so long before a second round is begun, in milliseconds; longer
   * where twice the time of most recent votes is more. Protocol §3.
   */
  readonly hedgeMillis: number
  /** The mean pause after the first ballot that came to nothing, in milliseconds; it doubles with each. */
  readonly backOffMillis: number
  /** No pause is longer, in milliseconds. */
  readonly maxBackOffMillis: number
  /** So many ballots are led at most; then the outcome is left open. */
  readonly maxBallots: number
  /** How often a member that cannot be told of the end is told again; it finds out by itself later. */
  readonly tellRetries: number
  /** The pause before that, in milliseconds; it doubles with each. */
  readonly tellPauseMillis: number
  /** How long a transaction whose locks are in the way is left to whoever drives it, in milliseconds. */
  readonly patienceMillis: number
  /** How often a node looks after transactions that it has promised something about and that do not end, in milliseconds. */
  readonly sweepMillis: number
  /** How often a node looks for ended transactions that it may forget, in milliseconds. */
  readonly forgetMillis: number
  /** So many it looks at each time, at most; it goes on where it was. */
  readonly forgetPage: number
  /**
   * Without a roster: how long is waited before a transaction is tried again whose members others see otherwise, in milliseconds. Word of
   * a newcomer takes about that long.
   */
  readonly viewMillis: number
  /** How often a node compares a page of what it is to keep with what a neighbour keeps of the same, in milliseconds. */
  readonly compareMillis: number
}

/** What suits a laptop. */
export const defaultDrivePolicy: DrivePolicy = {
  answerMillis: 2_000,
  backOffMillis: 20,
  compareMillis: 2_000,
  forgetMillis: 10_000,
  forgetPage: 64,
  hedgeMillis: 2,
  maxBackOffMillis: 1_000,
  maxBallots: 12,
  patienceMillis: 500,
  sweepMillis: 5_000,
  tellPauseMillis: 100,
  tellRetries: 3,
  viewMillis: 500
}
