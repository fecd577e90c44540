/**
 * The hash of a state: the sum of the random words of its members' conditions. Members that exchange their parts do not change
 * it, and a step of one member changes it by a difference. Where the two transactions are alike, a state and the one with
 * their names exchanged have the smaller of their two hashes.
 */
import type { Condition, ConditionTable } from "./ConditionTable.ts"
import { mixed } from "./mixed.ts"

/** Hashes the states that come after one. */
export class StateHash {
  /** The hash that was asked for last. */
  high = 0
  low = 0
  readonly #conditions: ConditionTable
  readonly #isSymmetric: boolean
  #beforeHigh = 0
  #beforeLow = 0
  #twinHigh = 0
  #twinLow = 0

  constructor(conditions: ConditionTable, isSymmetric: boolean) {
    this.#conditions = conditions
    this.#isSymmetric = isSymmetric
  }

  /** A state, and what is to be remembered of the order of decisions in those that come after it. */
  begin(members: Uint32Array, order: number): void {
    const start = mixed(order)
    this.#beforeHigh = start
    this.#beforeLow = start
    this.#twinHigh = start
    this.#twinLow = start
    for (let i = 0; i < members.length; i++) {
      const condition = members[i]!
      const { array } = this.#conditions.hashes
      this.#beforeHigh = (this.#beforeHigh + array[2 * condition]!) | 0
      this.#beforeLow = (this.#beforeLow + array[2 * condition + 1]!) | 0
      if (!this.#isSymmetric) continue
      const twin = this.#conditions.twin(condition)
      this.#twinHigh = (this.#twinHigh + this.#conditions.hashes.array[2 * twin]!) | 0
      this.#twinLow = (this.#twinLow + this.#conditions.hashes.array[2 * twin + 1]!) | 0
    }
  }

  /** The hash of the state in which a member's condition is another one. */
  step(from: Condition, to: Condition): void {
    const conditions = this.#conditions
    const twin = this.#isSymmetric ? conditions.twin(to) : 0
    const { array } = conditions.hashes
    this.high = (this.#beforeHigh - array[2 * from]! + array[2 * to]!) | 0
    this.low = (this.#beforeLow - array[2 * from + 1]! + array[2 * to + 1]!) | 0
    if (!this.#isSymmetric) return
    const twinFrom = conditions.twin(from)
    const twinHigh = (this.#twinHigh - array[2 * twinFrom]! + array[2 * twin]!) | 0
    const twinLow = (this.#twinLow - array[2 * twinFrom + 1]! + array[2 * twin + 1]!) | 0
    if (twinHigh < this.high || (twinHigh === this.high && twinLow < this.low)) {
      this.high = twinHigh
      this.low = twinLow
    }
  }
}
