/** What can go wrong in a simulation, by its cause. */
export const FAULT_KINDS = [
  "loss",
  "duplication",
  "reordering",
  "clog",
  "partition",
  "one-way-partition",
  "split-quorum",
  "muted-coordinator",
  "crash",
  "crash-in-write",
  "crash-in-recovery",
  "blackout",
  "restart",
  "gone",
  "write-lost",
  "write-kept",
  "write-unheard",
  "write-refused",
  "corrupt-read",
  "slow-disk",
  "rival-recoverers",
  "liar-double-vote",
  "liar-forget",
  "liar-replay",
  "liar-false-state",
  "liar-coordinator",
  "liar-false-history",
  "liar-members",
  "liar-scheme",
  "liar-false-index"
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** How often each thing went wrong. */
export class FaultCounts {
  readonly #counts = new Map<FaultKind, number>()

  add(kind: FaultKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
  }

  /** What went wrong at least once, in the order of {@link FAULT_KINDS}. */
  toJSON(): Readonly<Partial<Record<FaultKind, number>>> {
    return Object.fromEntries(
      FAULT_KINDS.flatMap((kind) => {
        const count = this.#counts.get(kind)
        return count === undefined ? [] : [[kind, count]]
      })
    )
  }
}
