/**
 * What a node does to know the others of its network: a machine that says whom to ask what, and is told what came of it. It has no
 * clock, no network and no chance but those it is given: the same in a program, over sockets, and in a simulation of ten thousand.
 */
import {
  type DirectoryAnswer,
  type DirectoryQuestion,
  MAX_RECORDS,
  type PeerClaim,
  type PeerRecord,
  type Place,
  type ToldRecord
} from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { OwnChange } from "../../services/Directory.ts"
import * as Base32 from "../encoding/Base32.ts"
import { PLACE_BYTES } from "../encoding/BlockIds.ts"
import { pointOf } from "../network/Point.ts"
import type { Prng } from "../random/Prng.ts"
import { Agenda } from "./Agenda.ts"
import { type AnsweringContext, answerTo, ownOf } from "./Answering.ts"
import { differences, exchangeQuestion } from "./Differences.ts"
import type { DirectoryPolicy } from "./DirectoryPolicy.ts"
import { Leads } from "./Leads.ts"
import { didAnswer, didFail, showed } from "./Liveness.ts"
import { Lookup } from "./Lookup.ts"
import { Registry, type RegistryContext, type Verdict } from "./Registry.ts"

/** A question to a peer, on whose answer or failure the machine waits. */
export interface Call {
  readonly to: PeerId
  readonly question: DirectoryQuestion
  /** The look-up that it is a step of. */
  readonly lookup?: Lookup
  /** How many exchanges with the same peer it follows at once. */
  readonly chain?: number
}

/** What a node says of itself, but for who it is. */
export type FirstClaim = Omit<PeerClaim, "peer" | "sequence">

/** Something that went on, to be counted. */
export type DirectoryEvent = Verdict | "misbehaved" | "unanswered" | "dropped"

/** Why there is no answer. One who is busy is there. */
export type Failure = "busy" | "misbehaved" | "unanswered"

/** What a machine starts with. */
export interface MachineStart {
  readonly nowMillis: number
  /** Higher than any sequence that this peer signed before, as far as anybody can tell. */
  readonly firstSequence: number
  /** Undefined for a client. */
  readonly claim: FirstClaim | undefined
  /** Records that this node had when it last ran. */
  readonly recalled?: ReadonlyArray<ToldRecord>
  /** Hears of what goes on, and with which peer. */
  readonly heed?: (event: DirectoryEvent, peer: PeerId) => void
}

/** Exchanges with one peer that follow each other at once while they bring something new, at most. */
const MAX_CHAIN = 64
/** After so many comparisons that brought nothing new a node has caught up. */
const QUIET_COMPARISONS = 2

/** The machine. Times are in the directory's own milliseconds, which only grow. */
export class DirectoryMachine {
  readonly registry: Registry
  readonly #policy: DirectoryPolicy
  readonly #context: AnsweringContext
  readonly #prng: Prng
  readonly #ownPlace: Uint8Array
  readonly #leads: Leads
  readonly #agenda: Agenda
  /** Who owes an answer to a question that is no step of a look-up. */
  readonly #asked = new Set<PeerId>()
  readonly #heed: (event: DirectoryEvent, peer: PeerId) => void
  #claim: FirstClaim | undefined
  #quietComparisons = 0

  constructor(
    context: RegistryContext,
    prng: Prng,
    { claim, firstSequence, heed, nowMillis, recalled = [] }: MachineStart
  ) {
    this.#policy = context.policy
    this.registry = new Registry(context, firstSequence)
    this.#context = { hasher: context.hasher, prng, registry: this.registry }
    this.#prng = prng
    this.#claim = claim
    this.#heed = heed ?? (() => {})
    this.#ownPlace = context.hasher.sha256(context.signer.peer).slice(0, PLACE_BYTES)
    this.#leads = new Leads(context.policy)
    const isAsked = (peer: PeerId) => this.#asked.has(peer)
    const { policy } = context
    this.#agenda = new Agenda(
      { isAsked, isSettled: () => this.isSettled, ownPlace: this.#ownPlace, policy, prng, registry: this.registry },
      nowMillis
    )
    this.#sign(nowMillis)
    for (const told of recalled) this.registry.recall(told, nowMillis)
  }

  /** Whether it has compared what it knows with others, and missed nothing. */
  get isSettled(): boolean {
    return this.#quietComparisons >= QUIET_COMPARISONS
  }

  /** Says something else of this node from now on. */
  announce(change: OwnChange & Partial<Pick<FirstClaim, "addresses">>, nowMillis: number): void {
    if (this.#claim === undefined) return
    this.#claim = { ...this.#claim, ...change }
    this.#sign(nowMillis)
  }

  /** Somebody may be there, whoever says so. */
  found(peer: PeerId, nowMillis: number): void {
    if (peer !== this.registry.self && this.registry.table.get(peer) === undefined) this.#leads.add(peer, nowMillis)
  }

  /** What is due. To be called every `tickMillis`. */
  tick(nowMillis: number): ReadonlyArray<Call> {
    const agenda = this.#agenda
    if (agenda.isSigningDue(nowMillis)) this.#sign(nowMillis)
    const calls: Array<Call> = []
    const { forgotten, silent } = agenda.lookAround(nowMillis)
    for (const entry of forgotten) {
      this.registry.drop(entry)
      this.#heed("dropped", entry.peer)
    }
    for (const peer of this.#leads.due(nowMillis, this.#policy.pingsPerTick)) this.#ping(calls, peer)
    for (const { peer } of agenda.untold()) this.#ping(calls, peer)
    for (const { peer } of silent) this.#ping(calls, peer)
    const partner = agenda.partner(nowMillis)
    if (partner !== undefined) this.#post(calls, { chain: 0, question: this.#comparison(), to: partner })
    const place = agenda.placeToRefresh(nowMillis)
    if (place !== undefined) {
      calls.push(...this.lookup(place, this.#policy.lookup.answers, false, nowMillis).calls)
    }
    return calls
  }

  /** Answers a peer, and learns what it tells. */
  asked(from: PeerId, question: DirectoryQuestion, nowMillis: number): DirectoryAnswer {
    const entry = this.registry.table.get(from)
    if (entry !== undefined) showed(entry, nowMillis)
    // Of others only those are heard that are known themselves.
    if (question._tag !== "Records") this.#learnOwnOf(from, question.own, nowMillis)
    else if (entry !== undefined && entry.shunnedUntilMillis <= nowMillis)
      this.#learnAll(from, question.given, nowMillis)
    return answerTo(this.#context, question, nowMillis)
  }

  /** A peer answered: what to ask next because of it. */
  answered(call: Call, answer: DirectoryAnswer, nowMillis: number): ReadonlyArray<Call> {
    const { lookup, question, to } = call
    if (answer._tag !== question._tag) return this.failed(call, nowMillis, "misbehaved")
    if (lookup === undefined) this.#asked.delete(to)
    if (answer._tag !== "Records") this.#learnOwnOf(to, answer.own, nowMillis)
    this.#leads.delete(to)
    const entry = this.registry.table.get(to)
    if (entry !== undefined) {
      didAnswer(this.registry.table, entry, this.#policy, nowMillis, this.#prng.nextFloat())
      if (question._tag !== "Records" && question.own !== undefined) entry.toldSequence = question.own.sequence
    }
    const calls: Array<Call> = []
    switch (answer._tag) {
      case "Ping":
        break
      case "Exchange":
        this.#compare(calls, call, answer, nowMillis)
        break
      case "Records":
        this.#take(calls, call, answer.given, nowMillis)
        break
      case "Closest":
        this.#meet(calls, call, answer.found, nowMillis)
    }
    return calls
  }

  /** A peer did not answer, or not as it must: what to ask next because of it. */
  failed({ lookup, to }: Call, nowMillis: number, failure: Failure): ReadonlyArray<Call> {
    const { table } = this.registry
    if (lookup === undefined) this.#asked.delete(to)
    if (failure === "misbehaved") this.#misbehaved(to, nowMillis)
    else if (failure === "unanswered") this.#heed(failure, to)
    const entry = table.get(to)
    const share = this.#prng.nextFloat()
    if (entry === undefined) this.#leads.failed(to, nowMillis)
    else if (failure === "busy") didAnswer(table, entry, this.#policy, nowMillis, share)
    else didFail(table, entry, this.#policy, nowMillis, share)
    const calls: Array<Call> = []
    if (lookup !== undefined) {
      lookup.failed(to)
      this.#step(calls, lookup)
    }
    return calls
  }

  /** Begins to look for the peers closest to a place. It is over once the look-up is done and all its calls are. */
  lookup(
    place: Uint8Array,
    count: number,
    onlyActive: boolean,
    nowMillis: number
  ): { readonly lookup: Lookup; readonly calls: ReadonlyArray<Call> } {
    const point = pointOf(place)
    const { table, self } = this.registry
    const { lookup: policy } = this.#policy
    const lookup = new Lookup({
      count,
      estimatedActive: table.estimatedActive,
      isFit: (peer) => table.isFit(table.get(peer), nowMillis),
      // Shared by all that know a record.
      known: table.nearest(point, policy.maxRequests, false),
      onlyActive,
      place: Base32.encode(place) as Place,
      point,
      policy,
      self
    })
    const calls: Array<Call> = []
    this.#step(calls, lookup)
    return { calls, lookup }
  }

  #sign(nowMillis: number): void {
    if (this.#claim === undefined) return
    this.registry.sign(this.#claim, nowMillis)
    this.#agenda.signed(nowMillis)
  }

  #shun(peer: PeerId, nowMillis: number): void {
    const entry = this.registry.table.get(peer)
    if (entry !== undefined) entry.shunnedUntilMillis = nowMillis + this.#policy.shunMillis
  }

  #post(calls: Array<Call>, call: Call): void {
    if (this.#asked.size >= this.#policy.maxCalls || this.#asked.has(call.to)) return
    this.#asked.add(call.to)
    calls.push(call)
  }

  #ping(calls: Array<Call>, to: PeerId): void {
    this.#post(calls, { question: { _tag: "Ping", ...ownOf(this.registry) }, to })
  }

  /** What somebody is asked who knows the same peers, or, where nobody knows all, who is close by. */
  #comparison(): DirectoryQuestion {
    if (this.registry.table.isComplete) return exchangeQuestion(this.#context)
    const place = Base32.encode(this.#ownPlace) as Place
    return { _tag: "Closest", count: MAX_RECORDS, onlyActive: false, place, ...ownOf(this.registry) }
  }

  /** Asks for what a peer has and this node lacks, and gives what it lacks. */
  #compare(calls: Array<Call>, { chain = 0, question, to }: Call, answer: DirectoryAnswer, nowMillis: number): void {
    if (question._tag !== "Exchange" || answer._tag !== "Exchange") return
    const { given, wanted } = differences(this.#context, question.digests.length, answer, nowMillis)
    if (given.length === 0 && wanted.length === 0) this.#quietComparisons++
    else this.#post(calls, { chain: chain + 1, question: { _tag: "Records", given, wanted }, to })
  }

  /** Takes what was asked for; where there is more, goes on at once. */
  #take(
    calls: Array<Call>,
    { chain = 0, question, to }: Call,
    given: ReadonlyArray<ToldRecord>,
    nowMillis: number
  ): void {
    if (question._tag !== "Records") return
    const wanted = new Set(question.wanted)
    const asked = given.filter(({ record }) => wanted.has(record.peer))
    if (asked.length < given.length) this.#misbehaved(to, nowMillis)
    const isNews = this.#learnAll(to, asked, nowMillis)
    const isMore = wanted.size === MAX_RECORDS || question.given.length === MAX_RECORDS
    if (isNews && isMore && chain < MAX_CHAIN && this.registry.table.isComplete) {
      this.#post(calls, { chain, question: exchangeQuestion(this.#context), to })
    }
  }

  /** Takes note of who is close to a place, as a peer tells. */
  #meet(calls: Array<Call>, { lookup, question, to }: Call, found: ReadonlyArray<ToldRecord>, nowMillis: number): void {
    if (question._tag !== "Closest") return
    const isTooMuch = found.length > question.count
    if (isTooMuch) this.#misbehaved(to, nowMillis)
    const some = isTooMuch ? [] : found
    const isNews = this.#learnAll(to, some, nowMillis)
    if (lookup === undefined) {
      if (!isNews) this.#quietComparisons++
      return
    }
    const candidates = some.flatMap(({ record }) => this.registry.acquaint(record) ?? [])
    lookup.answered(to, candidates)
    this.#step(calls, lookup)
  }

  /** The next steps of a look-up. */
  #step(calls: Array<Call>, lookup: Lookup): void {
    for (const to of lookup.next())
      calls.push({ lookup, question: { ...lookup.question, ...ownOf(this.registry) }, to })
  }

  #misbehaved(peer: PeerId, nowMillis: number): void {
    this.#heed("misbehaved", peer)
    this.#shun(peer, nowMillis)
  }

  #learnOwnOf(from: PeerId, own: PeerRecord | undefined, nowMillis: number): void {
    if (own === undefined) return
    if (own.peer === from) this.#learn(from, { record: own, silentMillis: 0 }, nowMillis)
    else this.#misbehaved(from, nowMillis)
  }

  #learnAll(from: PeerId, all: ReadonlyArray<ToldRecord>, nowMillis: number): boolean {
    let isNews = false
    for (const one of all) if (this.#learn(from, one, nowMillis)) isNews = true
    return isNews
  }

  #learn(from: PeerId, told: ToldRecord, nowMillis: number): boolean {
    const { table } = this.registry
    const isFirst = table.size <= 1
    const wasComplete = table.isComplete
    const verdict = this.registry.learn(from, told, nowMillis)
    this.#heed(verdict, from)
    if (verdict === "forged") this.#misbehaved(from, nowMillis)
    if (verdict === "new") this.#agenda.met(isFirst, nowMillis)
    if (wasComplete && !table.isComplete) this.#agenda.overflowed(nowMillis)
    return verdict === "new" || verdict === "newer"
  }
}
