/**
 * Which proposals can be put together from join statements that exist. A member sees statements through one rule alone, which
 * says what they justify: of all sets of statements with one verdict, any one does for all. Sets of every size are tried,
 * with every statement of a liar, with and without the proof of what it tells of, and in orders that put each one first.
 */
import type { JoinStatement } from "../../schemas/Cluster.ts"
import { isSameBallot } from "../../src/cluster/Ballot.ts"
import type { Claims, JoinClaims } from "./Claims.ts"
import type { Machine } from "./Machine.ts"
import type { Scene, Transaction } from "./Scene.ts"
import { statementsOf } from "./Statements.ts"
import { acceptancesBelow, DECISIONS } from "./says.ts"

/** What statements justify, in the order in which verdicts are numbered. */
export const VERDICTS = (["acceptance", "approvals", "nothing"] as const).flatMap((from) =>
  DECISIONS.map((value) => ({ from, value }))
)

/** A statement: the number of its value, twice, and one more where the proof comes along. */
type Code = number

/** More than there are codes, so that a set of them is one number. */
const CODES = 32

/** The proposals of one ballot of a transaction. */
export class Proposals {
  readonly joins: JoinClaims
  readonly #claims: number
  /** For each value: the number of the acceptance that it tells of, or -1. */
  readonly #acceptances: ReadonlyArray<number>
  readonly #known = new Map<number, number>()
  readonly #judged = new Map<number, number>()
  readonly #examples: Array<ReadonlyArray<Code>> = []
  readonly #machine: Machine
  readonly #scene: Scene
  readonly #transaction: Transaction
  readonly #ballot: number

  constructor(scene: Scene, claims: Claims, machine: Machine, transaction: Transaction, ballot: number) {
    this.#scene = scene
    this.#machine = machine
    this.#transaction = transaction
    this.#ballot = ballot
    this.joins = claims.joins(transaction, ballot)
    this.#claims = 2 ** this.joins.values.length
    const below = acceptancesBelow(transaction, ballot)
    this.#acceptances = this.joins.values.map(({ acceptance }) =>
      below.findIndex(
        (other) =>
          acceptance !== null && isSameBallot(other.ballot, acceptance.ballot) && other.value === acceptance.value
      )
    )
    if (2 * this.joins.values.length >= CODES) throw new RangeError(`ballot ${ballot} has too many join statements`)
  }

  /**
   * The verdicts that can be had, a bit for each. `said`: what each honest member of the primary cluster has said, a bit for
   * each value; `provable`: a bit for each acceptance below that can be proved.
   */
  verdicts(said: ReadonlyArray<number>, provable: number): number {
    let key = provable
    for (let i = 0; i < said.length; i++) key = key * this.#claims + said[i]!
    if (!Number.isSafeInteger(key)) throw new RangeError("more can be said than a number holds")
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const verdicts = this.#all(said, provable)
    this.#known.set(key, verdicts)
    return verdicts
  }

  /** Statements with a verdict; of the transaction that this one is like, where nobody has got that far with this one. */
  example(verdict: number, twin: Proposals | undefined): ReadonlyArray<JoinStatement> {
    const codes = this.#examples[verdict] ?? (twin === undefined ? undefined : twin.#examples[verdict])
    if (codes === undefined) throw new Error(`nothing has justified verdict ${verdict} yet`)
    return this.#statements(codes)
  }

  #all(said: ReadonlyArray<number>, provable: number): number {
    const { liars } = this.#primary
    const { values } = this.joins
    // Of an acceptance that is not proved, a statement can be shown without its proof, for whoever does not ask for it.
    const codesOf = (mask: number): ReadonlyArray<Code> =>
      values.flatMap((_, value) => {
        if (((mask >>> value) & 1) === 0) return []
        const acceptance = this.#acceptances[value]!
        if (acceptance < 0) return [2 * value + 1]
        return (provable >>> acceptance) & 1 ? [2 * value + 1, 2 * value] : [2 * value]
      })
    const members = [...said, ...Array.from({ length: liars }, () => this.#claims - 1)].map(codesOf)
    let sets = new Map<number, ReadonlyArray<Code>>([[0, []]])
    for (const codes of members) {
      const more = new Map(sets)
      for (const set of sets.values()) {
        for (const code of codes) {
          const larger = [...set, code].sort((a, b) => a - b)
          more.set(keyOf(larger), larger)
        }
      }
      sets = more
    }
    let verdicts = 0
    for (const [key, codes] of sets) verdicts |= this.#judge(key, codes)
    return verdicts
  }

  /** What a set of statements justifies, with each of them first. */
  #judge(key: number, codes: ReadonlyArray<Code>): number {
    const known = this.#judged.get(key)
    if (known !== undefined) return known
    const { action, ballots, signed } = this.#transaction
    let verdicts = 0
    for (let first = 0; first < codes.length; first++) {
      const order = [...codes.slice(first), ...codes.slice(0, first)]
      const ballot = ballots[this.#ballot]!
      const statements = this.#statements(order)
      const justified = this.#machine.justify(this.#primary.context, action, signed.manifest, ballot, statements)
      if (typeof justified === "string") continue
      const verdict = VERDICTS.findIndex(({ from, value }) => from === justified.from && value === justified.value)
      this.#examples[verdict] ??= order
      verdicts |= 1 << verdict
    }
    this.#judged.set(key, verdicts)
    return verdicts
  }

  #statements(codes: ReadonlyArray<Code>): ReadonlyArray<JoinStatement> {
    const all = codes.map((code) => ({ isProved: (code & 1) === 1, value: this.joins.values[code >> 1]! }))
    return statementsOf(this.#scene, this.#machine, this.#transaction, this.#ballot, all)
  }

  get #primary() {
    return this.#scene.clusters[this.#transaction.shards[0]!]!
  }
}

const keyOf = (codes: ReadonlyArray<Code>): number => codes.reduce((key, code) => key * CODES + code + 1, 0)
