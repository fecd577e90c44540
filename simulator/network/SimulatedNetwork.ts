/**
 * A network among the peers of a simulation, in virtual time: links have latency, lose, double, reorder and hold back messages,
 * and can be cut in one direction or in both. All of it is drawn from a seed.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import { answerOf, type Hub, type Served } from "../../layers/network/Hub.ts"
import { PeerUnreachable } from "../../schemas/Errors.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import type { PeerError } from "../../services/PeerNetwork.ts"
import type { Prng } from "../../src/random/Prng.ts"
import type { FaultCounts } from "../FaultCounts.ts"
import { type VirtualClock, withVirtualClock } from "../VirtualClock.ts"
import { defaultLinkSpeed, Link, type LinkSpeed, type NetworkWeather } from "./Link.ts"
import { SharedReading } from "./SharedReading.ts"

/** A peer's place in the network, for as long as it runs: once it is pulled out, nothing comes in or goes out by it. */
export interface NetworkPort extends Hub {
  /** Pulls the plug: messages and answers under way to it are gone, too. */
  readonly pull: () => void
}

type Answer = Either.Either<string, PeerError>

/** A direction between two peers, as a key. */
const directionOf = (from: PeerId, to: PeerId): string => `${from}>${to}`

/** The network of one simulation. */
export class SimulatedNetwork {
  /** May be changed at any time: it holds for what is sent from then on. */
  readonly weather: NetworkWeather = { duplicationShare: 0, lossShare: 0, reorderingShare: 0 }
  /** How its peers read and write. */
  readonly reading = new SharedReading()
  readonly #prng: Prng
  readonly #speed: LinkSpeed
  readonly #counts: FaultCounts
  readonly #clock: VirtualClock
  readonly #links = new Map<string, Link>()
  readonly #cuts = new Map<string, number>()
  readonly #served = new Map<PeerId, Map<string, Served>>()

  private constructor(prng: Prng, speed: LinkSpeed, counts: FaultCounts, clock: VirtualClock) {
    this.#prng = prng
    this.#speed = speed
    this.#counts = counts
    this.#clock = clock
  }

  /** A network in the time of the simulation around it. */
  static make(prng: Prng, counts: FaultCounts, speed: LinkSpeed = defaultLinkSpeed): Effect.Effect<SimulatedNetwork> {
    return withVirtualClock((clock) => Effect.succeed(new SimulatedNetwork(prng, speed, counts, clock)))
  }

  /** Plugs a peer in. */
  plug(peer: PeerId): NetworkPort {
    const protocols = new Map<string, Served>()
    this.#served.set(peer, protocols)
    let isIn = true
    return {
      add: (_peer, protocol, served) => {
        protocols.set(protocol, served)
        return () => {
          if (protocols.get(protocol) === served) protocols.delete(protocol)
        }
      },
      deliver: (from, to, protocol, question) =>
        Effect.async<string, PeerError>((resume) => {
          if (!isIn) return
          this.#send(from, to, () =>
            this.#ask(from, to, protocol, question, (answer) => {
              if (isIn) resume(answer)
            })
          )
        }),
      pull: () => {
        isIn = false
        protocols.clear()
        if (this.#served.get(peer) === protocols) this.#served.delete(peer)
      }
    }
  }

  /** Cuts what goes from some peers to others; what it gives mends it. */
  cut(from: Iterable<PeerId>, to: Iterable<PeerId>): () => void {
    const targets = [...to]
    const directions = [...from].flatMap((source) =>
      targets.filter((target) => target !== source).map((target) => directionOf(source, target))
    )
    const change = (by: number) => {
      for (const direction of directions) this.#cuts.set(direction, (this.#cuts.get(direction) ?? 0) + by)
    }
    change(1)
    let isCut = true
    return () => {
      if (isCut) change(-1)
      isCut = false
    }
  }

  /** Holds back what goes from one peer to another, until an instant of virtual time. */
  clog(from: PeerId, to: PeerId, untilMillis: number): void {
    this.#linkOf(from, to).clog(untilMillis)
  }

  #linkOf(from: PeerId, to: PeerId): Link {
    const direction = directionOf(from, to)
    const known = this.#links.get(direction)
    if (known !== undefined) return known
    const link = new Link(this.#prng.fork(direction), this.#speed, this.weather, this.#counts)
    this.#links.set(direction, link)
    return link
  }

  #isCut(from: PeerId, to: PeerId): boolean {
    return (this.#cuts.get(directionOf(from, to)) ?? 0) > 0
  }

  /** Does something for each copy of a message that arrives, when it does. */
  #send(from: PeerId, to: PeerId, arrived: () => void): void {
    if (this.#isCut(from, to)) return
    for (const at of this.#linkOf(from, to).arrivals(this.#clock.nowMillis)) {
      this.#clock.at(at, () => {
        if (!this.#isCut(from, to)) arrived()
      })
    }
  }

  #ask(from: PeerId, to: PeerId, protocol: string, question: string, resume: (answer: Answer) => void): void {
    const protocols = this.#served.get(to)
    const served = protocols?.get(protocol)
    const answered = (answer: Answer) => this.#send(to, from, () => resume(answer))
    if (served === undefined) {
      answered(Either.left(new PeerUnreachable({ peer: to, reason: "it is not there" })))
      return
    }
    // Not on this stack: of all that wakes at one instant the scheduler says which runs first.
    const fiber = Runtime.runFork(served.runtime)(served.handler(from, question), { immediate: false })
    fiber.addObserver((exit) => {
      // A peer that was pulled out meanwhile says nothing any more.
      const isThere = this.#served.get(to) === protocols
      if (isThere && !Exit.isInterrupted(exit)) answered(answerOf(to, exit))
    })
  }
}
