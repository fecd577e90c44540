/**
 * The conditions of single members: what one knows, and all that it has ever signed, which it may have forgotten. A state of all is
 * one condition for each member. What an event makes of a condition is looked up, and asked of the machine the first time.
 */
import type { Claims } from "./Claims.ts"
import type { Event } from "./Events.ts"
import { growing, growingWords } from "./Growing.ts"
import type { MemberTable } from "./MemberTable.ts"
import { mixed } from "./mixed.ts"
import type { Cluster } from "./Scene.ts"

/** The number of a condition. */
export type Condition = number

/** Bits of a word. */
const WORD_BITS = 32
/** Nothing is known yet of what an event makes of a condition; else the number of the condition after it, and this more. */
const UNKNOWN = 0
const KNOWN = 1

/** All conditions so far, in columns. */
export class ConditionTable {
  /** What each has signed: `claims.words` words. */
  readonly signed = growingWords()
  /** The number of the state of each. */
  readonly states = growing()
  /** Two random words for each: the hash of a state is the sum of those of its members. */
  readonly hashes = growingWords()
  /** The events that may make something of it: `eventWords` words. */
  readonly open = growingWords()
  readonly eventWords: number
  /** Of conditions and events: the first at which the machine itself raised an alarm. */
  alarm: readonly [Condition, number] | undefined
  readonly #next = growing()
  readonly #cameFrom = growing()
  readonly #twins = growing()
  readonly #numbers = new Map<string, Condition>()
  readonly #firsts: ReadonlyArray<Condition>

  readonly claims: Claims
  readonly table: MemberTable
  readonly #events: ReadonlyArray<Event>

  constructor(claims: Claims, table: MemberTable, events: ReadonlyArray<Event>, clusters: ReadonlyArray<Cluster>) {
    this.claims = claims
    this.table = table
    this.#events = events
    this.eventWords = Math.ceil(events.length / WORD_BITS)
    const nothing = new Int32Array(claims.words)
    // A cluster that is all liars is nobody whose condition would matter.
    this.#firsts = clusters.map(({ isTrusted }, cluster) =>
      isTrusted ? this.#number(table.first(cluster), nothing, 0, 0) : 0
    )
  }

  get size(): number {
    return this.states.length
  }

  /** The condition of a member of a cluster at the start. */
  first(cluster: number): Condition {
    return this.#firsts[cluster]!
  }

  /** The condition after an event. */
  after(condition: Condition, event: number): Condition {
    const known = this.#next.array[condition * this.#events.length + event]!
    return known === UNKNOWN ? this.#ask(condition, event) : known - KNOWN
  }

  /** The condition with the names of the two transactions exchanged: what the exchanged events would have made. */
  twin(condition: Condition): Condition {
    const known = this.#twins.array[condition]!
    if (known !== UNKNOWN) return known - KNOWN
    const from = this.#cameFrom.array[2 * condition]!
    const twin =
      condition < this.#firsts.length
        ? condition
        : this.after(this.twin(from), this.#twinOf(this.#cameFrom.array[2 * condition + 1]!))
    this.#twins.array[condition] = twin + KNOWN
    this.#twins.array[twin] = condition + KNOWN
    return twin
  }

  #twinOf(event: number): number {
    const half = (this.#events.length - 1) / 2
    return event < half ? event + half : event < 2 * half ? event - half : event
  }

  #ask(condition: Condition, event: number): Condition {
    const { isAlarm, signed, state } = this.table.outcome(this.states.array[condition]!, event)
    if (isAlarm) this.alarm ??= [condition, event]
    const words = this.signed.array.slice(condition * this.claims.words, (condition + 1) * this.claims.words)
    for (const { shift, word } of signed) words[word]! |= 1 << shift
    const after = this.#number(state, words, condition, event)
    this.#next.array[condition * this.#events.length + event] = after + KNOWN
    // What makes nothing of it once makes nothing of it ever.
    if (after === condition) this.open.array[condition * this.eventWords + (event >>> 5)]! &= ~(1 << (event & 31))
    return after
  }

  #number(state: number, words: Int32Array, from: Condition, event: number): Condition {
    const key = `${state} ${words.join()}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const condition = this.states.length
    this.#numbers.set(key, condition)
    this.states.push(state)
    for (const word of words) this.signed.push(word)
    this.#cameFrom.push(from)
    this.#cameFrom.push(event)
    this.#next.reserve(this.#events.length)
    this.#next.length += this.#events.length
    this.#twins.push(UNKNOWN)
    this.#addOpen(state)
    this.hashes.push(mixed(2 * condition))
    this.hashes.push(mixed(2 * condition + 1))
    return condition
  }

  #addOpen(state: number): void {
    const { cluster } = this.table.states[state]!
    for (let first = 0; first < this.eventWords * WORD_BITS; first += WORD_BITS) {
      let word = 0
      for (const [i, event] of this.#events.slice(first, first + WORD_BITS).entries()) {
        if (event.cluster === undefined || event.cluster === cluster) word |= 1 << i
      }
      this.open.push(word)
    }
  }
}
