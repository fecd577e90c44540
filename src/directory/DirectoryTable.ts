import { MAX_RECORDS, type PeerRecord } from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { KeySpace, type Placed } from "../network/KeySpace.ts"
import { distanceShare, POINT_BITS, type Point, sharedBits } from "../network/Point.ts"
import type { Credit } from "./Allowances.ts"

/** What is known of a peer, and of what came of asking it. Times are in the directory's own milliseconds. */
export interface Entry extends Placed {
  record: PeerRecord
  /** When it was first heard of. */
  readonly learnedMillis: number
  /** When the last sign of it was: it asked, it answered, or signed a new record. */
  signMillis: number
  /** When it is to be asked next whether it is there. */
  pingMillis: number
  /** Answers that it owes, in a row: set by the table, which keeps count. */
  failures: number
  /** It misbehaved: it is not asked for anything until then. */
  shunnedUntilMillis: number
  /** The sequence of this node's own record that it has been told. */
  toldSequence: number
  updates: Credit
}

/** How much room there is, and around whom. */
export interface TableShape {
  readonly center: Point
  readonly limit: number
  readonly neighbours: number
  readonly failuresUntilUnreachable: number
}

/**
 * The peers that are known. While there is room, all of them. Then: those closest to this node, and of each distance beyond, by bits
 * that are shared, about as many. Where one must go for another, those that do not answer go first, then the newest, and only from
 * where most are known: a crowd of newcomers displaces nobody who was there before.
 */
export class DirectoryTable {
  readonly #shape: TableShape
  readonly #entries = new Map<PeerId, Entry>()
  readonly #all = new KeySpace()
  readonly #active = new KeySpace()
  /** How many share so many bits with this node. */
  readonly #counts: Array<number> = new Array<number>(POINT_BITS + 1).fill(0)
  /** How many of them do not answer. */
  readonly #silent: Array<number> = new Array<number>(POINT_BITS + 1).fill(0)
  #leftOutBits = 0

  constructor(shape: TableShape) {
    this.#shape = shape
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many are active. */
  get active(): number {
    return this.#active.size
  }

  /** How many do not answer. */
  get unreachable(): number {
    return this.#silent.reduce((sum, count) => sum + count, 0)
  }

  /** Whether nobody was ever left out for want of room. */
  get isComplete(): boolean {
    return this.#leftOutBits === 0
  }

  /**
   * All peers that share so many bits with this node are known, as far as its neighbours can tell: none of them was left out, and all
   * are among those that neighbours tell of when they are asked who is closest to it.
   */
  get certainBits(): number {
    if (this.isComplete) return 0
    const { center } = this.#shape
    const told = this.#all.nearest(center, MAX_RECORDS)
    const farthest = told.at(-1)
    return Math.max(this.#leftOutBits, farthest === undefined ? 0 : this.#bitsOf(farthest.point) + 1)
  }

  get entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** In the order of their points. */
  get placed(): ReadonlyArray<Placed> {
    return this.#all.all
  }

  get(peer: PeerId): Entry | undefined {
    return this.#entries.get(peer)
  }

  isReachable({ failures }: Entry): boolean {
    return failures < this.#shape.failuresUntilUnreachable
  }

  /** Whether a peer is likely to answer, and as it must. */
  isFit(entry: Entry | undefined, nowMillis: number): boolean {
    return entry !== undefined && this.isReachable(entry) && entry.shunnedUntilMillis <= nowMillis
  }

  /** Says how many answers a peer owes. */
  setFailures(entry: Entry, failures: number): void {
    const wasThere = this.isReachable(entry)
    entry.failures = failures
    const isThere = this.isReachable(entry)
    // An answer may come when its peer has been let go.
    if (wasThere !== isThere && this.#entries.get(entry.peer) === entry) {
      this.#silent[this.#bitsOf(entry.point)]! += isThere ? -1 : 1
    }
  }

  /** Takes up a peer that is not known, if there is room or somebody to go for it: who went, or whether there is no room. */
  add(entry: Entry): "added" | "no-room" | Entry {
    const victim = this.#entries.size < this.#shape.limit ? undefined : this.#victimFor(entry.point)
    if (victim === "no-room") {
      this.#leaveOut(entry.point)
      return victim
    }
    if (victim !== undefined) {
      this.#leaveOut(victim.point)
      this.remove(victim.peer)
    }
    this.#entries.set(entry.peer, entry)
    this.#all.add(entry)
    if (entry.record.active) this.#active.add(entry)
    this.#counts[this.#bitsOf(entry.point)]!++
    return victim ?? "added"
  }

  /** Whether there is no room for a peer, which would change nothing. */
  isLeftOut(point: Point): boolean {
    const isFull = this.#entries.size >= this.#shape.limit
    return isFull && this.#bitsOf(point) < this.#leftOutBits && this.#victimFor(point) === "no-room"
  }

  /** Gives a known peer another record. */
  update(entry: Entry, record: PeerRecord): void {
    entry.record = record
    if (record.active) this.#active.add(entry)
    else this.#active.delete(entry)
  }

  remove(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry === undefined) return
    this.#entries.delete(peer)
    this.#all.delete(entry)
    this.#active.delete(entry)
    this.#counts[this.#bitsOf(entry.point)]!--
    if (!this.isReachable(entry)) this.#silent[this.#bitsOf(entry.point)]!--
  }

  /** The peers closest to a point, at most `count`, closest first. */
  nearest(point: Point, count: number, onlyActive: boolean): ReadonlyArray<Entry> {
    const space = onlyActive ? this.#active : this.#all
    return space.nearest(point, count).map(({ peer }) => this.#entries.get(peer)!)
  }

  /** Whether the closest `count` active peers to a point are all known. */
  isCertain(point: Point, count: number): boolean {
    const certain = this.certainBits
    return certain === 0 || (this.#bitsOf(point) >= certain && this.#activeSharing(certain) >= count)
  }

  /** How many active peers there are in the whole network, as far as the distances to the closest of them show. */
  get estimatedActive(): number {
    const { center } = this.#shape
    const closest = this.#active.nearest(center, MAX_RECORDS)
    const farthest = closest.at(-1)
    // Those who are known are all there are, or the closest stand for the rest: one less, for it is they who are counted.
    return this.isComplete || farthest === undefined
      ? this.#active.size
      : (closest.length - 1) / distanceShare(center, farthest.point)
  }

  #activeSharing(bits: number): number {
    const [from, to] = this.#active.sharing(this.#shape.center, bits)
    return to - from
  }

  #bitsOf(point: Point): number {
    return sharedBits(this.#shape.center, point)
  }

  #leaveOut(point: Point): void {
    this.#leftOutBits = Math.max(this.#leftOutBits, Math.min(POINT_BITS, this.#bitsOf(point) + 1))
  }

  /** Who shares more bits than this is a neighbour, and never goes for want of room: so many are fewer than there must be. */
  #edgeBits(): number {
    let neighbours = 0
    for (let bits = POINT_BITS; bits > 0; bits--) {
      neighbours += this.#counts[bits]!
      if (neighbours >= this.#shape.neighbours) return bits
    }
    return 0
  }

  #victimFor(point: Point): Entry | "no-room" {
    const edge = this.#edgeBits()
    const own = this.#bitsOf(point)
    let fullest = 0
    for (let bits = 1; bits <= edge; bits++) if (this.#counts[bits]! > this.#counts[fullest]!) fullest = bits
    // Where it would be one of the most itself, it comes only for one who does not answer: nobody is to come and go for ever.
    const isOfMost = own <= edge && this.#counts[own]! + 1 >= this.#counts[fullest]!
    if (isOfMost && this.#silent[own] === 0) return "no-room"
    return this.#leastOf(isOfMost ? own : fullest, isOfMost) ?? "no-room"
  }

  /** Of those that share exactly so many bits, who is missed least. */
  #leastOf(bits: number, onlyUnreachable: boolean): Entry | undefined {
    const { center } = this.#shape
    const [from, to] = this.#all.sharing(center, bits)
    const [innerFrom, innerTo] = this.#all.sharing(center, bits + 1)
    let least: Entry | undefined
    const look = (index: number): void => {
      const entry = this.#entries.get(this.#all.all[index]!.peer)!
      if (onlyUnreachable && this.isReachable(entry)) return
      if (least === undefined || this.#isLess(entry, least)) least = entry
    }
    for (let index = from; index < innerFrom; index++) look(index)
    for (let index = innerTo; index < to; index++) look(index)
    return least
  }

  #isLess(a: Entry, b: Entry): boolean {
    const isThere = this.isReachable(a)
    if (isThere !== this.isReachable(b)) return !isThere
    return isThere ? a.learnedMillis > b.learnedMillis : a.signMillis < b.signMillis
  }
}
