import type { Prng } from "../../src/random/Prng.ts"
import type { FaultCounts } from "../FaultCounts.ts"

/** How a network treats its messages. Shares are from 0 to 1. */
export interface NetworkWeather {
  /** Of messages that never arrive. */
  lossShare: number
  /** Of messages that arrive twice. */
  duplicationShare: number
  /** Of messages that others overtake. */
  reorderingShare: number
}

/** How slow links are. */
export interface LinkSpeed {
  /** The least latency of a link lies between these, in milliseconds. */
  readonly leastMillis: number
  readonly mostMillis: number
  /** What a message may take longer, in milliseconds. */
  readonly jitterMillis: number
  /** How much later than its turn a message may arrive that others overtake, in milliseconds. */
  readonly lateMillis: number
}

/** A network on one continent. */
export const defaultLinkSpeed: LinkSpeed = { jitterMillis: 1, lateMillis: 20, leastMillis: 0.2, mostMillis: 4 }

/** One direction between two peers: messages arrive in the order they were sent, but for what goes wrong. */
export class Link {
  readonly #prng: Prng
  readonly #speed: LinkSpeed
  readonly #weather: NetworkWeather
  readonly #counts: FaultCounts
  readonly #latencyMillis: number
  #cloggedUntil = 0
  #lastArrival = 0

  constructor(prng: Prng, speed: LinkSpeed, weather: NetworkWeather, counts: FaultCounts) {
    this.#prng = prng
    this.#speed = speed
    this.#weather = weather
    this.#counts = counts
    this.#latencyMillis = speed.leastMillis + prng.nextFloat() * (speed.mostMillis - speed.leastMillis)
  }

  /** Holds back all that is sent until then. */
  clog(untilMillis: number): void {
    this.#cloggedUntil = Math.max(this.#cloggedUntil, untilMillis)
  }

  /** When the copies of a message arrive that is sent now: none where it is lost, two where it is doubled. */
  arrivals(nowMillis: number): ReadonlyArray<number> {
    const { duplicationShare, lossShare } = this.#weather
    if (this.#falls(lossShare)) {
      this.#counts.add("loss")
      return []
    }
    const first = this.#arrival(nowMillis)
    if (!this.#falls(duplicationShare)) return [first]
    this.#counts.add("duplication")
    return [first, this.#arrival(nowMillis)]
  }

  #falls(share: number): boolean {
    return share > 0 && this.#prng.nextFloat() < share
  }

  #arrival(nowMillis: number): number {
    const { jitterMillis, lateMillis } = this.#speed
    const onItsWay = this.#latencyMillis + this.#prng.nextFloat() * jitterMillis
    const inTurn = Math.max(Math.max(nowMillis, this.#cloggedUntil) + onItsWay, this.#lastArrival)
    if (this.#falls(this.#weather.reorderingShare)) {
      this.#counts.add("reordering")
      return inTurn + this.#prng.nextFloat() * lateMillis
    }
    this.#lastArrival = inTurn
    return inTurn
  }
}
