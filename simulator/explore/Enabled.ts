/** Which events are possible in a state, as bits: always, once something can be shown, or once join statements justify it. */
import type { ConditionTable } from "./ConditionTable.ts"
import type { Event, When } from "./Events.ts"
import type { Evidence } from "./Evidence.ts"
import { type Proposals, VERDICTS } from "./Proposals.ts"
import type { Scene } from "./Scene.ts"

/** A ballot, and what depends on it. */
interface Ballot {
  readonly proposals: Proposals
  /** Who takes part, as places in a state. */
  readonly members: ReadonlyArray<number>
  /** What each of them has said; overwritten for each state. */
  readonly said: Array<number>
  /** The facts that prove acceptances in lower ballots. */
  readonly provable: ReadonlyArray<number>
  /** For each verdict: the events that it makes possible. */
  readonly events: ReadonlyArray<Int32Array>
}

export class Enabled {
  readonly #words: Int32Array
  readonly #always: Int32Array
  readonly #byFact: ReadonlyArray<Int32Array>
  readonly #ballots: ReadonlyArray<Ballot>
  readonly #evidence: Evidence
  readonly #conditions: ConditionTable

  constructor(
    { clusters, transactions }: Scene,
    events: ReadonlyArray<Event>,
    evidence: Evidence,
    proposals: ReadonlyArray<ReadonlyArray<Proposals>>,
    conditions: ConditionTable
  ) {
    this.#evidence = evidence
    this.#conditions = conditions
    this.#words = new Int32Array(conditions.eventWords)
    const bits = (isMeant: (when: When) => boolean): Int32Array => {
      const words = new Int32Array(conditions.eventWords)
      for (const [event, { when }] of events.entries()) if (isMeant(when)) words[event >>> 5]! |= 1 << (event & 31)
      return words
    }
    this.#always = bits(({ _tag }) => _tag === "Always")
    this.#byFact = Array.from(evidence.facts, (_, fact) => bits((when) => when._tag === "Shown" && when.fact === fact))
    const places = clusters.flatMap(({ honest }, cluster) => honest.map(() => cluster))
    this.#ballots = transactions.flatMap(({ shards }, index) =>
      proposals[index]!.map((of, i): Ballot => {
        const members = [...places.keys()].filter((place) => places[place] === shards[0])
        return {
          events: VERDICTS.map((_, verdict) =>
            bits((when) => when._tag === "Justified" && when.proposals === of && when.verdict === verdict)
          ),
          members,
          proposals: of,
          // Below ballot b there are 2b - 1 acceptances: one in ballot 0, two in each other.
          provable: evidence.of[index]!.provable.slice(0, 2 * i + 1),
          said: members.map(() => 0)
        }
      })
    )
  }

  /** The events that are possible in the state that the evidence was read of. */
  read(members: Uint32Array): Int32Array {
    const words = this.#words
    const { facts } = this.#evidence
    words.set(this.#always)
    for (let fact = 0; fact < facts.length; fact++) if (facts[fact]) this.#add(this.#byFact[fact]!)
    for (let i = 0; i < this.#ballots.length; i++) this.#addBallot(this.#ballots[i]!, members)
    return words
  }

  #addBallot({ events, members: places, proposals, provable, said }: Ballot, members: Uint32Array): void {
    const { shift, values, word } = proposals.joins
    const width = this.#conditions.claims.words
    const signed = this.#conditions.signed.array
    const mask = 2 ** values.length - 1
    for (let i = 0; i < places.length; i++) {
      said[i] = (signed[members[places[i]!]! * width + word]! >>> shift) & mask
    }
    let proved = 0
    for (let i = 0; i < provable.length; i++) proved |= this.#evidence.facts[provable[i]!]! << i
    const verdicts = proposals.verdicts(said, proved)
    for (let verdict = 0; verdict < events.length; verdict++) {
      if ((verdicts >>> verdict) & 1) this.#add(events[verdict]!)
    }
  }

  #add(events: Int32Array): void {
    for (let word = 0; word < events.length; word++) this.#words[word]! |= events[word]!
  }
}
