import type { PeerId } from "../../schemas/Ids.ts"
import type { Placed } from "../network/KeySpace.ts"
import type { Prng } from "../random/Prng.ts"
import type { DirectoryPolicy } from "./DirectoryPolicy.ts"
import type { Entry } from "./DirectoryTable.ts"
import { isForgotten } from "./Liveness.ts"
import { placeSharing } from "./places.ts"
import type { Registry } from "./Registry.ts"

/** What an agenda is about. */
export interface AgendaContext {
  readonly policy: DirectoryPolicy
  readonly registry: Registry
  readonly prng: Prng
  /** Where this node stands, as bytes. */
  readonly ownPlace: Uint8Array
  /** Whether a peer owes an answer already. */
  readonly isAsked: (peer: PeerId) => boolean
  /** Whether this node has caught up with what others know. */
  readonly isSettled: () => boolean
}

/** A random partner is drawn so often until it is one that answers; then all are looked through. */
const DRAWS = 8

/** What a node is to do next, and with whom. Times are in the directory's own milliseconds. */
export class Agenda {
  readonly #context: AgendaContext
  #renewMillis: number
  #contestMillis: number
  #exchangeMillis: number
  #refreshMillis: number
  /** Whether all who are to hear of this node's own record from itself have. */
  #areAllTold = false

  constructor(context: AgendaContext, nowMillis: number) {
    this.#context = context
    this.#renewMillis = nowMillis
    this.#contestMillis = nowMillis
    this.#exchangeMillis = nowMillis
    this.#refreshMillis = nowMillis
  }

  /** Whether this node's own record is to be signed anew: from time to time, and where there is a newer one that it did not sign. */
  isSigningDue(nowMillis: number): boolean {
    if (nowMillis >= this.#renewMillis) return true
    if (!this.#context.registry.isOwnBehind || nowMillis < this.#contestMillis) return false
    this.#contestMillis = nowMillis + this.#context.policy.contestMillis
    return true
  }

  /** This node's own record was signed anew. */
  signed(nowMillis: number): void {
    this.#renewMillis = nowMillis + this.#context.policy.renewMillis
    this.#areAllTold = false
  }

  /** A peer is new. The first to be known is a reason to compare with it at once. */
  met(isFirst: boolean, nowMillis: number): void {
    this.#areAllTold = false
    if (isFirst) this.#exchangeMillis = nowMillis
  }

  /** Somebody was left out for the first time: from now on there are others to be looked for. */
  overflowed(nowMillis: number): void {
    this.#refreshMillis = nowMillis
  }

  /** Those who are to be asked whether they are there, and those of whom nothing was heard for too long. */
  lookAround(nowMillis: number): { readonly silent: ReadonlyArray<Entry>; readonly forgotten: ReadonlyArray<Entry> } {
    const { isAsked, policy, registry } = this.#context
    const { self, table } = registry
    const silent: Array<Entry> = []
    const forgotten: Array<Entry> = []
    for (const entry of table.entries) {
      if (entry.pingMillis > nowMillis || entry.peer === self) continue
      if (isForgotten(entry, table.isReachable(entry), nowMillis)) forgotten.push(entry)
      else if (!isAsked(entry.peer)) silent.push(entry)
    }
    if (silent.length > policy.pingsPerTick) silent.sort((a, b) => a.pingMillis - b.pingMillis)
    return { forgotten, silent: silent.slice(0, policy.pingsPerTick) }
  }

  /** Those who are to hear of this node's own record from itself, and have not. */
  untold(): ReadonlyArray<Entry> {
    const { policy, registry } = this.#context
    const { own, point, table } = registry
    if (own === undefined || this.#areAllTold) return []
    const untold = table
      .nearest(point, policy.announceTo, false)
      .filter((entry) => entry.toldSequence < own.sequence && entry.peer !== own.peer && table.isReachable(entry))
    this.#areAllTold = untold.length === 0
    return untold
  }

  /** With whom to compare what is known, if it is time: with anybody, or, where nobody knows all, with a neighbour. */
  partner(nowMillis: number): PeerId | undefined {
    if (nowMillis < this.#exchangeMillis) return undefined
    const { isSettled, policy, registry } = this.#context
    const { point, table } = registry
    const pauseMillis = isSettled() ? policy.exchangeMillis : policy.catchUpMillis
    this.#exchangeMillis = this.#after(table.isComplete ? pauseMillis : policy.neighbourMillis, nowMillis)
    return this.#drawFrom(table.isComplete ? table.placed : table.nearest(point, policy.announceTo, false), nowMillis)
  }

  /** The place whose surroundings are to be looked up, if it is time: this node's own, or one at a random distance. */
  placeToRefresh(nowMillis: number): Uint8Array | undefined {
    const { ownPlace, policy, prng, registry } = this.#context
    const { table } = registry
    if (table.isComplete || nowMillis < this.#refreshMillis) return undefined
    this.#refreshMillis = this.#after(policy.refreshMillis, nowMillis)
    const { certainBits } = table
    const bits = prng.nextInt(certainBits + 1)
    return bits === certainBits ? ownPlace : placeSharing(ownPlace, bits, prng)
  }

  /** Nodes that were started together are not to ask each other all at once. */
  #after(pauseMillis: number, nowMillis: number): number {
    return nowMillis + pauseMillis * (0.5 + this.#context.prng.nextFloat())
  }

  #drawFrom(among: ReadonlyArray<Placed>, nowMillis: number): PeerId | undefined {
    const { isAsked, prng, registry } = this.#context
    const isFree = ({ peer }: Placed) =>
      peer !== registry.self && !isAsked(peer) && registry.table.isFit(registry.table.get(peer), nowMillis)
    for (let i = 0; i < DRAWS && among.length > 0; i++) {
      const drawn = prng.pick(among)
      if (isFree(drawn)) return drawn.peer
    }
    const free = among.filter(isFree)
    return free.length > 0 ? prng.pick(free).peer : undefined
  }
}
