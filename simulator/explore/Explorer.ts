/**
 * Exhaustive search over the real member machine, by breadth: the first violation that is found has the shortest trace.
 *
 * **The adversary** is the strongest there is. All that was ever signed is there for anybody: any message that can be put together
 * from it reaches any member, any number of times, in any order, or never. That is loss, delay, duplication, coordinators that
 * stop anywhere or tell everyone something else, and any number of recoverers. The key of a liar signs whatever is useful.
 * Members restart at any time from what was durable.
 *
 * **A state** is what each honest member knows and has ever signed; the rest follows from it. Nothing here knows the rules
 * of members: the machine is asked what it does (`MemberTable`), what it takes for proof (`Evidence`) and what join statements
 * justify (`Proposals`). What must never be is said by `Invariants` alone.
 *
 * **Why this is quick.** A member has some hundreds of states, so that the machine is asked some thousands of times
 * and its answers are remembered as numbers (`ConditionTable`). The state of all is a handful of such numbers; its hash is a
 * sum (`StateHash`), and all that is kept of it once it was looked at (`Visited`).
 *
 * **What is left out** is what a member refuses for its form, and so without a trace: manifests, payloads and members that are not
 * what they should be, ballots out of reach, keys of strangers. Scripts and tests of `src/cluster` have these.
 *
 * To be read in this order: `Configuration`, `Scene` (who is there, with what keys and transactions), `Claims` (what can be signed),
 * `Evidence` and `Proposals` (what can be shown by that), `Events` and `Enabled` (what can happen), `MemberTable` and
 * `ConditionTable` (what comes of it), `Invariants`, and this.
 */
import { Claims } from "./Claims.ts"
import { type Condition, ConditionTable } from "./ConditionTable.ts"
import type { Configuration } from "./Configuration.ts"
import { Enabled } from "./Enabled.ts"
import { type Event, eventsOf } from "./Events.ts"
import { Evidence } from "./Evidence.ts"
import { type Growing, growing } from "./Growing.ts"
import { Invariants } from "./Invariants.ts"
import { type Machine, machine as realMachine } from "./Machine.ts"
import { MemberTable } from "./MemberTable.ts"
import { Proposals } from "./Proposals.ts"
import { sceneOf } from "./Scene.ts"
import { StateHash } from "./StateHash.ts"
import { Visited } from "./Visited.ts"

/** What was found. */
export interface Exploration {
  readonly name: string
  /** `budget`: there are more states than were to be looked at. */
  readonly outcome: "complete" | "budget" | "violation"
  readonly states: number
  /** Steps that changed something, one of each set of like members. */
  readonly transitions: number
  /** Steps from the start to the farthest state. */
  readonly depth: number
  /** States of single members, and with all that each has ever signed. */
  readonly memberStates: number
  readonly conditions: number
  /** Those that a restart would change: none, where all that is told is durable. */
  readonly volatileStates: number
  /** Steps that the real machine took. */
  readonly machineSteps: number
  readonly violation?: Violation
}

/** What must not be, and how it came about. */
export interface Violation {
  readonly invariant: string
  /** A line for each step: who, what is done to it, what it answers. */
  readonly trace: ReadonlyArray<string>
}

/** How to explore. */
export interface ExploreOptions {
  readonly machine?: Machine
  /** Hears of each level of the search that is done. */
  readonly progress?: (depth: number, states: number) => void
}

/** Looks at all states of a configuration, until one of them is wrong. */
export const explore = (
  configuration: Configuration,
  { machine = realMachine, progress = () => {} }: ExploreOptions = {}
): Exploration => new Search(configuration, machine).run(progress)

/** An honest member: its name, and its cluster. */
interface Member {
  readonly name: string
  readonly cluster: number
}

/** Events of a member are noted as one number. */
const EVENTS = 2 ** 16

class Search {
  readonly #configuration: Configuration
  readonly #members: ReadonlyArray<Member>
  readonly #events: ReadonlyArray<Event>
  readonly #table: MemberTable
  readonly #conditions: ConditionTable
  readonly #evidence: Evidence
  readonly #enabled: Enabled
  readonly #invariants: Invariants
  readonly #hash: StateHash
  readonly #visited = new Visited()
  /** Of each state: the one it was found from, and by which event of which member. */
  readonly #parents = growing()
  readonly #by = growing()
  #transitions = 0
  /** The state that is looked at: conditions of members, what is to be remembered of the order of decisions, its number. */
  readonly #now: Uint32Array
  #order = 0
  #number = 0
  #next = growing()

  constructor(configuration: Configuration, machine: Machine) {
    const scene = sceneOf(configuration)
    const claims = new Claims(scene, machine)
    this.#configuration = configuration
    this.#members = scene.clusters.flatMap(({ honest }, cluster) => honest.map((name) => ({ cluster, name })))
    this.#evidence = new Evidence(scene, claims, machine)
    const proposals = scene.transactions.map((transaction) =>
      transaction.ballots.slice(1).map((_, i) => new Proposals(scene, claims, machine, transaction, i + 1))
    )
    this.#events = eventsOf({ evidence: this.#evidence, machine, proposals, scene })
    this.#table = new MemberTable(scene, claims, machine, this.#events)
    this.#conditions = new ConditionTable(claims, this.#table, this.#events, scene.clusters)
    this.#enabled = new Enabled(scene, this.#events, this.#evidence, proposals, this.#conditions)
    this.#invariants = new Invariants(scene, claims, this.#evidence, this.#conditions)
    this.#hash = new StateHash(this.#conditions, configuration.isSymmetric === true)
    this.#now = new Uint32Array(this.#members.length)
  }

  run(progress: (depth: number, states: number) => void): Exploration {
    this.#begin()
    let depth = 0
    while (this.#next.length > 0) {
      const level = this.#next
      this.#next = growing()
      const violation = this.#look(level)
      if (violation !== undefined) return this.#found("violation", depth, violation)
      progress(depth, this.#visited.size)
      if (this.#next.length > 0) depth += 1
    }
    return this.#found(this.#isSpent ? "budget" : "complete", depth)
  }

  /** Whether there are as many states as may be: those that were found are still looked at, but what comes of them is not. */
  get #isSpent(): boolean {
    return this.#visited.size >= this.#configuration.maxStates
  }

  #found(outcome: Exploration["outcome"], depth: number, violation?: Violation): Exploration {
    return {
      conditions: this.#conditions.size,
      depth,
      machineSteps: this.#table.steps,
      memberStates: this.#table.states.length,
      name: this.#configuration.name,
      outcome,
      states: this.#visited.size,
      transitions: this.#transitions,
      volatileStates: this.#table.volatileStates,
      ...(violation !== undefined && { violation })
    }
  }

  /** The first state: collections exist, and what is said to be approved is. */
  #begin(): void {
    for (const [i, { cluster }] of this.#members.entries()) {
      let condition = this.#conditions.first(cluster)
      for (const name of this.#configuration.approved ?? []) {
        const pend = this.#events.findIndex((event) => event.name === `pend ${name}` && event.cluster === cluster)
        if (pend >= 0) condition = this.#conditions.after(condition, pend)
      }
      this.#now[i] = condition
    }
    this.#hash.begin(this.#now, 0)
    this.#visit(0, this.#now[0]!, 0)
  }

  /** Looks at all states of a level, and collects those of the next. */
  #look(level: Growing<Uint32Array>): Violation | undefined {
    const width = this.#members.length
    for (let at = 0; at < level.length; at += width + 2) {
      for (let i = 0; i < width; i++) this.#now[i] = level.array[at + i]!
      const order = level.array[at + width]!
      this.#number = level.array[at + width + 1]!
      this.#evidence.read(this.#conditions.signed.array, this.#now)
      const invariant = this.#invariants.violation(this.#now, order)
      if (invariant !== undefined) return { invariant, trace: this.#trace(this.#number) }
      if (this.#isSpent) continue
      this.#order = this.#invariants.order(order)
      const alarm = this.#expand()
      if (alarm !== undefined) return alarm
    }
    return undefined
  }

  /** Everything that can happen next, to each member. */
  #expand(): Violation | undefined {
    const conditions = this.#conditions
    const words = this.#enabled.read(this.#now)
    this.#hash.begin(this.#now, this.#order)
    for (let i = 0; i < this.#now.length; i++) {
      if (this.#isLikeAnEarlier(i)) continue
      const condition = this.#now[i]!
      for (let word = 0; word < words.length; word++) {
        let events = words[word]! & conditions.open.array[condition * words.length + word]!
        while (events !== 0) {
          const lowest = events & -events
          events ^= lowest
          const event = 32 * word + 31 - Math.clz32(lowest)
          const after = conditions.after(condition, event)
          if (conditions.alarm !== undefined && this.#invariants.isTrusted) {
            const trace = [...this.#trace(this.#number), this.#line(i, condition, event)]
            return { invariant: "a member finds that two things which were proved cannot both be", trace }
          }
          if (after === condition) continue
          this.#transitions += 1
          this.#visit(i, after, event)
        }
      }
    }
    return undefined
  }

  /** Whether another member of the same cluster is in the same condition: what comes of it is the same, but for names. */
  #isLikeAnEarlier(member: number): boolean {
    for (let other = 0; other < member; other++) {
      if (this.#now[other] === this.#now[member]) return true
    }
    return false
  }

  /** Notes the state in which a member is in another condition, unless it was seen. */
  #visit(member: number, after: Condition, event: number): void {
    const from = this.#now[member]!
    this.#hash.step(from, after)
    if (!this.#visited.add(this.#hash.high, this.#hash.low)) return
    const next = this.#next
    const { length } = this.#now
    next.reserve(length + 2)
    for (let i = 0; i < length; i++) next.array[next.length + i] = this.#now[i]!
    next.array[next.length + member] = after
    next.array[next.length + length] = this.#order
    next.array[next.length + length + 1] = this.#parents.length
    next.length += length + 2
    this.#parents.push(this.#number)
    this.#by.push(member * EVENTS + event)
  }

  #trace(number: number): ReadonlyArray<string> {
    const steps: Array<number> = []
    for (let at = number; at !== 0; at = this.#parents.array[at]!) steps.push(this.#by.array[at]!)
    const conditions = Array.from(this.#members, ({ cluster }) => this.#conditions.first(cluster))
    return [...this.#approvals(conditions), ...steps.reverse().map((by) => this.#play(conditions, by))]
  }

  #approvals(conditions: Array<number>): ReadonlyArray<string> {
    return this.#members.flatMap(({ cluster }, member) =>
      (this.#configuration.approved ?? []).flatMap((name) => {
        const pend = this.#events.findIndex((event) => event.name === `pend ${name}` && event.cluster === cluster)
        return pend < 0 ? [] : [`(before) ${this.#play(conditions, member * EVENTS + pend)}`]
      })
    )
  }

  #play(conditions: Array<number>, by: number): string {
    const member = Math.floor(by / EVENTS)
    const event = by % EVENTS
    const line = this.#line(member, conditions[member]!, event)
    conditions[member] = this.#conditions.after(conditions[member]!, event)
    return line
  }

  #line(member: number, condition: number, event: number): string {
    const { answer } = this.#table.outcome(this.#conditions.states.array[condition]!, event)
    return `${this.#members[member]!.name}: ${this.#events[event]!.name} → ${answer}`
  }
}
