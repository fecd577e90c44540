/**
 * Thousands of directories in one program: the machines of `src/directory` as they are, on messages that take a while and a clock that
 * jumps. Of a peer there is only its machine, and records are passed on as they are, so that ten thousand fit into memory.
 */
import type { DirectoryAnswer, DirectoryQuestion } from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { NetworkName } from "../../schemas/Manifest.ts"
import type { HasherService } from "../../services/Hasher.ts"
import { type Call, DirectoryMachine } from "../../src/directory/DirectoryMachine.ts"
import { type DirectoryPolicy, defaultDirectoryPolicy } from "../../src/directory/DirectoryPolicy.ts"
import * as Base32 from "../../src/encoding/Base32.ts"
import { PLACE_BYTES } from "../../src/encoding/BlockIds.ts"
import { KeySpace, type Placed } from "../../src/network/KeySpace.ts"
import { type Point, pointOf, pointOfPeer } from "../../src/network/Point.ts"
import type { Prng } from "../../src/random/Prng.ts"
import { KeyRing } from "../crypto/KeyRing.ts"
import { TimerQueue } from "../TimerQueue.ts"
import { CLAIM } from "./claim.ts"

/** How a peer behaves. A liar answers who is close to a place with other liars, and keeps all others back. */
export type Conduct = "honest" | "dead" | "liar"

/** A peer of the world. */
export interface Inhabitant extends Placed {
  readonly machine: DirectoryMachine
  conduct: Conduct
}

/** What a look-up came to. */
export interface Sought {
  readonly found: ReadonlyArray<PeerId>
  readonly requests: number
}

/** What suits a world of thousands: it is about who knows whom, so that nobody asks all the time who is there. */
export const worldPolicy: DirectoryPolicy = {
  ...defaultDirectoryPolicy,
  directoryLimit: 200,
  exchangeMillis: 2_000,
  silenceMillis: 600_000,
  tickMillis: 1_000
}

const NETWORK = NetworkName.make("world")
/** A message takes from so long to twice as long. */
const LATENCY_MILLIS = 10
/** New peers are told of so many others. */
const BOOTSTRAPS = 2

/** Peers that know each other. */
export class DirectoryWorld {
  readonly inhabitants: Array<Inhabitant> = []
  readonly #byPeer = new Map<PeerId, Inhabitant>()
  readonly #everybody = new KeySpace()
  readonly #liars = new KeySpace()
  readonly #keys: KeyRing
  readonly #prng: Prng
  readonly #policy: DirectoryPolicy
  readonly #timers = new TimerQueue()
  #now = 0
  #messages = 0

  constructor(hasher: HasherService, prng: Prng, policy: DirectoryPolicy = worldPolicy) {
    this.#keys = new KeyRing(hasher)
    this.#prng = prng
    this.#policy = policy
  }

  /** Questions that were asked so far. */
  get messages(): number {
    return this.#messages
  }

  /** Lets a peer join by some that are there, at an instant from now on. */
  join(inMillis: number, conduct: Conduct = "honest"): void {
    this.#timers.add(this.#now + inMillis, () => this.#join(conduct))
  }

  /** Lets time pass. */
  run(millis: number): void {
    const until = this.#now + millis
    for (let next = this.#timers.nextDeadlineMillis; next !== undefined && next <= until; ) {
      this.#now = next
      this.#timers.take()?.()
      next = this.#timers.nextDeadlineMillis
    }
    this.#now = until
  }

  /** The peers closest to a place in truth, closest first. */
  nearest(place: Uint8Array, count: number): ReadonlyArray<PeerId> {
    return this.around(pointOf(place), count)
  }

  /** Those closest to a point. */
  around(point: Point, count: number): ReadonlyArray<PeerId> {
    return this.#everybody.nearest(point, count).map(({ peer }) => peer)
  }

  /** What a peer finds, while nothing else happens: from memory, if that is certain. */
  seek({ machine }: Inhabitant, place: Uint8Array, count: number): Sought {
    const { table } = machine.registry
    const point = pointOf(place)
    if (table.isCertain(point, count)) {
      return { found: table.nearest(point, count, true).map(({ peer }) => peer), requests: 0 }
    }
    const { calls, lookup } = machine.lookup(place, count, true, this.#now)
    const waiting = [...calls]
    for (let call = waiting.shift(); call !== undefined; call = waiting.shift()) {
      const answer = this.#answer(machine.registry.self, call)
      waiting.push(
        ...(answer === undefined
          ? machine.failed(call, this.#now, "unanswered")
          : machine.answered(call, answer, this.#now))
      )
    }
    return { found: lookup.found.map(({ peer }) => peer), requests: lookup.requests }
  }

  /** A random place. */
  drawPlace(): Uint8Array {
    return this.#prng.bytes(PLACE_BYTES)
  }

  /** Changes how a peer behaves from now on. */
  turn(inhabitant: Inhabitant, conduct: Conduct): void {
    if (inhabitant.conduct === "liar") this.#liars.delete(inhabitant)
    if (conduct === "liar") this.#liars.add(inhabitant)
    inhabitant.conduct = conduct
  }

  #join(conduct: Conduct): void {
    const { hasher } = this.#keys
    const signer = this.#keys.signer(this.#prng)
    const context = { hasher, network: NETWORK, policy: this.#policy, signer, verifier: this.#keys.verifier }
    const start = { claim: CLAIM, firstSequence: 1, nowMillis: this.#now }
    const machine = new DirectoryMachine(context, this.#prng.fork(signer.peer), start)
    const inhabitant: Inhabitant = {
      conduct: "honest",
      machine,
      peer: signer.peer,
      point: pointOfPeer(hasher, signer.peer)
    }
    for (let i = 0; i < BOOTSTRAPS && this.inhabitants.length > 0; i++) {
      machine.found(this.#prng.pick(this.inhabitants).peer, this.#now)
    }
    this.inhabitants.push(inhabitant)
    this.#byPeer.set(inhabitant.peer, inhabitant)
    this.#everybody.add(inhabitant)
    this.turn(inhabitant, conduct)
    this.#tick(inhabitant)
  }

  #tick(inhabitant: Inhabitant): void {
    if (inhabitant.conduct === "dead") return
    this.#send(inhabitant, inhabitant.machine.tick(this.#now))
    this.#timers.add(this.#now + this.#policy.tickMillis, () => this.#tick(inhabitant))
  }

  #send(from: Inhabitant, calls: ReadonlyArray<Call>): void {
    for (const call of calls) this.#timers.add(this.#now + this.#latency(), () => this.#deliver(from, call))
  }

  #deliver(from: Inhabitant, call: Call): void {
    const answer = this.#answer(from.peer, call)
    const inMillis = answer === undefined ? this.#policy.answerMillis : this.#latency()
    this.#timers.add(this.#now + inMillis, () => {
      if (from.conduct === "dead") return
      const { machine } = from
      this.#send(
        from,
        answer === undefined ? machine.failed(call, this.#now, "unanswered") : machine.answered(call, answer, this.#now)
      )
    })
  }

  #answer(from: PeerId, { question, to }: Call): DirectoryAnswer | undefined {
    this.#messages++
    const asked = this.#byPeer.get(to)
    if (asked === undefined || asked.conduct === "dead") return undefined
    const answer = asked.machine.asked(from, question, this.#now)
    return asked.conduct === "liar" ? this.#lie(question, answer) : answer
  }

  /** All liars know each other, and nobody else. What they sign is real. */
  #lie(question: DirectoryQuestion, answer: DirectoryAnswer): DirectoryAnswer {
    if (question._tag !== "Closest" || answer._tag !== "Closest") return answer
    const point = pointOf(Base32.decode(question.place)!)
    const found = this.#liars.nearest(point, question.count).map(({ peer }) => ({
      record: this.#byPeer.get(peer)!.machine.registry.own!,
      silentMillis: 0
    }))
    return { ...answer, found }
  }

  #latency(): number {
    return LATENCY_MILLIS * (1 + this.#prng.nextFloat())
  }
}
