import type { Allowance } from "./DirectoryPolicy.ts"

const MINUTE_MILLIS = 60_000

/** What is left of an allowance, and as of when. */
export interface Credit {
  readonly left: number
  readonly atMillis: number
}

/** An allowance of which nothing is used. */
export const fullCredit = ({ burst }: Allowance, atMillis: number): Credit => ({ atMillis, left: burst })

/** What is left once one more is taken; undefined where nothing is. */
export const takeOne = ({ burst, perMinute }: Allowance, credit: Credit, nowMillis: number): Credit | undefined => {
  const left = Math.min(burst, credit.left + ((nowMillis - credit.atMillis) * perMinute) / MINUTE_MILLIS)
  return left < 1 ? undefined : { atMillis: nowMillis, left: left - 1 }
}

/** So many are told apart; those not heard of for longest begin anew. */
const MAX_KEYS = 1_024

/** An allowance for each of many. */
export class Allowances<Key> {
  readonly #allowance: Allowance
  readonly #credits = new Map<Key, Credit>()

  constructor(allowance: Allowance) {
    this.#allowance = allowance
  }

  /** Takes one, if there is one left. */
  take(key: Key, nowMillis: number): boolean {
    const credit = takeOne(this.#allowance, this.#credits.get(key) ?? fullCredit(this.#allowance, nowMillis), nowMillis)
    if (credit === undefined) return false
    this.#credits.delete(key)
    this.#credits.set(key, credit)
    if (this.#credits.size > MAX_KEYS) {
      for (const oldest of this.#credits.keys()) {
        this.#credits.delete(oldest)
        break
      }
    }
    return true
  }
}
