/** How long something took of late: the last so many times, in milliseconds. */
export class RecentTimes {
  readonly #times: Array<number> = []
  readonly #kept: number
  #next = 0

  constructor(kept: number) {
    this.#kept = kept
  }

  add(millis: number): void {
    this.#times[this.#next] = millis
    this.#next = (this.#next + 1) % this.#kept
  }

  /** The time that the given share of them does not exceed, 0 < share ≤ 1; undefined where there are none. O(n log n). */
  quantile(share: number): number | undefined {
    const sorted = this.#times.toSorted((a, b) => a - b)
    return sorted[Math.ceil(sorted.length * share) - 1]
  }
}
