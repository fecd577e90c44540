/**
 * What the real machine does: asked once for each thing that can happen to each state of a member, and remembered. Few states
 * of a member make up the many states of all; so millions of these cost no more than thousands of steps of the machine.
 */
import type { MemberAnswer } from "../../schemas/Cluster.ts"
import type { StorageRecord, StorageWrite } from "../../services/RawStorage.ts"
import type { MemberEvent, MemberOutput } from "../../src/cluster/member/Member.ts"
import { emptyMember, type MemberState } from "../../src/cluster/member/MemberState.ts"
import type { Bit, Claims } from "./Claims.ts"
import type { Event } from "./Events.ts"
import type { Machine } from "./Machine.ts"
import { plain } from "./plain.ts"
import { payloadFor, type Scene } from "./Scene.ts"
import { pendProof } from "./Statements.ts"

/** A state of a member of some cluster, and the records that it would be left with. */
export interface KnownState {
  readonly cluster: number
  readonly state: MemberState
  readonly records: ReadonlyMap<string, StorageRecord>
}

/** What comes of an event. */
export interface Outcome {
  /** The number of the state after it. */
  readonly state: number
  /** What the member signed. */
  readonly signed: ReadonlyArray<Bit>
  /** Two things that were proved cannot both be. */
  readonly isAlarm: boolean
  /** As traces have it. */
  readonly answer: string
}

/** The states of single members, by number. */
export class MemberTable {
  readonly states: Array<KnownState> = []
  /** The steps of the machine that were taken. */
  steps = 0
  /** States that a restart would change: what such a member knows is not durable. */
  volatileStates = 0
  readonly #numbers = new Map<string, number>()
  readonly #outcomes = new Map<number, Outcome>()
  readonly #scene: Scene
  readonly #claims: Claims
  readonly #machine: Machine
  readonly #events: ReadonlyArray<Event>
  readonly #built = new Map<number, MemberEvent>()

  constructor(scene: Scene, claims: Claims, machine: Machine, events: ReadonlyArray<Event>) {
    this.#scene = scene
    this.#claims = claims
    this.#machine = machine
    this.#events = events
  }

  /** The state of a member of a cluster at the start: the collections that it keeps exist. */
  first(cluster: number): number {
    let known: KnownState = { cluster, records: new Map(), state: emptyMember }
    for (const creation of this.#scene.creations) {
      if (!creation.shards.includes(cluster)) continue
      const proof = { decision: pendProof(this.#scene, creation, "proved")[0] }
      const request = { payload: payloadFor(creation, cluster), signed: creation.signed }
      known = this.#step(known, {
        _tag: "Request",
        from: this.#scene.clusters[cluster]!.peers[0]!,
        request: { _tag: "Apply", actionId: creation.action, proof, request }
      }).known
    }
    return this.#number(known)
  }

  /** What comes of an event in a state. */
  outcome(state: number, event: number): Outcome {
    const key = state * this.#events.length + event
    const known = this.#outcomes.get(key)
    if (known !== undefined) return known
    const outcome = this.#make(state, event)
    this.#outcomes.set(key, outcome)
    return outcome
  }

  #make(number: number, event: number): Outcome {
    const known = this.states[number]!
    const { happens } = this.#events[event]!
    if (happens === "restart") {
      const restarted = { ...known, state: this.#machine.rebuild(known.records.values()) }
      return { answer: "restarts", isAlarm: false, signed: [], state: this.#number(restarted) }
    }
    this.steps += 1
    const { known: after, outputs } = this.#step(known, this.#build(event, happens))
    const { publicKey } = this.#scene.clusters[known.cluster]!.context.signer
    return {
      answer: outputs.map(inWords).join(", ") || "does",
      isAlarm: outputs.some(({ _tag }) => _tag === "Alarm"),
      signed: this.#scene.takeSigned().map((text) => this.#claims.signed(publicKey, text)),
      state: after.state === known.state ? number : this.#number(after)
    }
  }

  /** A message is put together when it is first possible. */
  #build(event: number, happens: () => MemberEvent): MemberEvent {
    const built = this.#built.get(event) ?? happens()
    this.#built.set(event, built)
    return built
  }

  #step({ cluster, records, state }: KnownState, event: MemberEvent) {
    const { context } = this.#scene.clusters[cluster]!
    const { outputs, state: after, writes } = this.#machine.step(context, state, event)
    return { known: { cluster, records: written(records, writes), state: after }, outputs }
  }

  /** The number of a state. What a restart would leave of it belongs to it: else it would matter where it came from. */
  #number(known: KnownState): number {
    const text = plain(known.state)
    const left = plain(this.#machine.rebuild(known.records.values()))
    const key = left === text ? `${known.cluster} ${text}` : `${known.cluster} ${text} ${left}`
    const number = this.#numbers.get(key)
    if (number !== undefined) return number
    this.#numbers.set(key, this.states.length)
    if (left !== text) this.volatileStates += 1
    return this.states.push(known) - 1
  }
}

const written = (
  records: ReadonlyMap<string, StorageRecord>,
  writes: ReadonlyArray<StorageWrite>
): ReadonlyMap<string, StorageRecord> => {
  if (writes.length === 0) return records
  const after = new Map(records)
  for (const write of writes) {
    const key = JSON.stringify(write.key)
    if (write.type === "put") after.set(key, write)
    else after.delete(key)
  }
  return after
}

const inWords = (output: MemberOutput): string => {
  if (output._tag !== "Answer") return output._tag
  const { answer } = output
  return answer._tag === "Ended" ? `Ended: ${answer.ending._tag}` : `${answer._tag}${detail(answer)}`
}

const detail = (answer: MemberAnswer): string => {
  switch (answer._tag) {
    case "Joined": {
      const { acceptance, approved } = answer.statement.value
      const accepted = acceptance === null ? "nothing" : `${acceptance.value} in ${acceptance.ballot?.n ?? 0}`
      return ` ${answer.ballot.n}: accepted ${accepted}, ${approved ? "approved" : "not approved"}`
    }
    case "Prepared":
      return ` ${answer.value} in ${answer.ballot.n}`
    case "Accepted":
      return ` ${answer.acceptance.value} in ${answer.acceptance.ballot?.n ?? 0}`
    default:
      return ""
  }
}
