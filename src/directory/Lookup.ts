/**
 * The search for the peers closest to a point, among more than one node knows: an iterative look-up as in Kademlia, along several
 * ways none of which asks whom another asked (S/Kademlia). Whoever answers can hold peers back, and tell of friends, but it can
 * make up none: every record that comes in here is signed. So what one honest way finds, all others together cannot hide.
 */
import { type DirectoryQuestion, MAX_RECORDS, type PeerRecord, type Place } from "../../schemas/Directory.ts"
import type { PeerId } from "../../schemas/Ids.ts"
import { KeySpace, type Placed } from "../network/KeySpace.ts"
import { distanceShare, type Point } from "../network/Point.ts"
import type { LookupPolicy } from "./DirectoryPolicy.ts"

/** A peer that a look-up came upon. */
export interface Candidate extends Placed {
  readonly record: PeerRecord
}

/** What a look-up starts from. */
export interface LookupStart {
  readonly policy: LookupPolicy
  /** Who looks: it is asked by nobody. */
  readonly self: PeerId
  readonly place: Place
  /** The same place. */
  readonly point: Point
  /** Peers that are wanted. */
  readonly count: number
  readonly onlyActive: boolean
  /** The closest that are known, closest first. */
  readonly known: ReadonlyArray<Candidate>
  /** Whether a peer is worth being asked first. */
  readonly isFit: (peer: PeerId) => boolean
  /** Active peers in the whole network, as far as that is known. */
  readonly estimatedActive: number
}

/** One way: what it was told, and whether it has come as close as it gets. */
interface Path {
  readonly view: KeySpace
  waitsFor: PeerId | undefined
  /** Whom it asked last: one that is among the closest itself, and so knows all of them. */
  arrivedAt: PeerId | undefined
  isLost: boolean
}

/** One look-up on its way. A machine: `next` says whom to ask, `answered` and `failed` what came of it. */
export class Lookup {
  readonly #start: LookupStart
  readonly #seen = new Map<PeerId, Candidate>()
  readonly #asked = new Set<PeerId>()
  readonly #all = new KeySpace()
  readonly #paths: Array<Path> = []
  /** Known peers with which ways begin, the best first. */
  readonly #beginnings: Array<Candidate>
  #requests = 0

  constructor(start: LookupStart) {
    this.#start = start
    for (const candidate of start.known) this.#see(candidate)
    const others = start.known.filter(({ peer }) => peer !== start.self)
    const isThere = ({ peer }: Candidate) => start.isFit(peer)
    this.#beginnings = [...others.filter(isThere), ...others.filter((other) => !isThere(other))]
    for (let i = 0; i < start.policy.paths; i++) this.#open()
  }

  /** What those who are asked are asked. */
  get question(): Extract<DirectoryQuestion, { _tag: "Closest" }> {
    const { onlyActive, place } = this.#start
    return { _tag: "Closest", count: this.#answers, onlyActive, place }
  }

  /** Peers that were asked so far. */
  get requests(): number {
    return this.#requests
  }

  /** What it found so far, closest first. */
  get found(): ReadonlyArray<Candidate> {
    return this.#nearestOf(this.#all).map(({ peer }) => this.#seen.get(peer)!)
  }

  get isDone(): boolean {
    return this.#paths.every(isOver)
  }

  /** Whom to ask now. Each is to be told of by `answered` or `failed`. */
  next(): ReadonlyArray<PeerId> {
    const asked: Array<PeerId> = []
    for (;;) {
      for (const path of this.#paths) {
        const peer = this.#step(path)
        if (peer !== undefined) asked.push(peer)
      }
      if (!this.isDone || !this.#isDoubtful() || !this.#open()) return asked
    }
  }

  /** A peer told of some, whose records are checked. */
  answered(peer: PeerId, told: ReadonlyArray<Candidate>): void {
    const path = this.#pathOf(peer)
    if (path === undefined) return
    path.waitsFor = undefined
    for (const candidate of told) {
      if (!candidate.record.active && this.#start.onlyActive) continue
      this.#see(candidate)
      path.view.add(candidate)
    }
    if (this.#isClose(path, peer)) path.arrivedAt = peer
  }

  /** A peer did not answer, or not as it must. */
  failed(peer: PeerId): void {
    const path = this.#pathOf(peer)
    if (path !== undefined) path.waitsFor = undefined
  }

  /** Peers that each is asked for: who is among so many is close enough to know those who are wanted. */
  get #answers(): number {
    const { count, policy } = this.#start
    return Math.min(MAX_RECORDS, Math.max(policy.answers, 2 * count))
  }

  /** Whether a peer is among the closest that a way could ask: what others ask, or asked in vain, is not in its way. */
  #isClose({ view }: Path, peer: PeerId): boolean {
    const closer = view.nearest(this.#start.point, this.#answers + this.#asked.size)
    const free = closer.filter((placed) => placed.peer === peer || !this.#asked.has(placed.peer))
    return free.slice(0, this.#answers).some((placed) => placed.peer === peer)
  }

  #pathOf(peer: PeerId): Path | undefined {
    return this.#paths.find(({ waitsFor }) => waitsFor === peer)
  }

  #see(candidate: Candidate): void {
    if (this.#seen.has(candidate.peer)) return
    this.#seen.set(candidate.peer, candidate)
    if (candidate.record.active || !this.#start.onlyActive) this.#all.add(candidate)
  }

  #nearestOf(space: KeySpace): ReadonlyArray<Placed> {
    return space.nearest(this.#start.point, this.#start.count)
  }

  /** Begins another way, if there is anybody left to begin with. */
  #open(): boolean {
    const { maxPaths } = this.#start.policy
    if (this.#paths.length >= maxPaths) return false
    const path: Path = { arrivedAt: undefined, isLost: false, view: new KeySpace(), waitsFor: undefined }
    if (!this.#begin(path)) return false
    this.#paths.push(path)
    return true
  }

  /** Gives a way somebody to ask whom nobody asked. */
  #begin(path: Path): boolean {
    for (let beginning = this.#beginnings.shift(); beginning !== undefined; beginning = this.#beginnings.shift()) {
      if (this.#asked.has(beginning.peer)) continue
      path.view.add(beginning)
      return true
    }
    return false
  }

  /** The next peer that a way asks, if it is to ask one. */
  #step(path: Path): PeerId | undefined {
    if (isOver(path) || path.waitsFor !== undefined) return undefined
    const { maxRequests } = this.#start.policy
    if (this.#requests >= maxRequests) {
      path.isLost = true
      return undefined
    }
    const next = this.#nextOf(path) ?? (this.#begin(path) ? this.#nextOf(path) : undefined)
    if (next === undefined) {
      path.isLost = true
      return undefined
    }
    this.#asked.add(next)
    this.#requests++
    path.waitsFor = next
    return next
  }

  #nextOf({ view }: Path): PeerId | undefined {
    const isFree = ({ peer }: Placed) => peer !== this.#start.self && !this.#asked.has(peer)
    // Of those closest enough to matter one that nobody asked is not far: at most all that were asked stand before it.
    return view.nearest(this.#start.point, this.#asked.size + 2).find(isFree)?.peer
  }

  /** Whether what was found may not be all: a way found less than all together, failed, or all found too little. */
  #isDoubtful(): boolean {
    const { count, estimatedActive, onlyActive, point, policy } = this.#start
    const found = this.#nearestOf(this.#all)
    const agreeing = this.#paths.filter(({ arrivedAt, view }) => {
      if (arrivedAt === undefined) return false
      const own = this.#nearestOf(view)
      return own.length === found.length && own.every(({ peer }, i) => peer === found[i]!.peer)
    })
    const dissenting = this.#paths.length - agreeing.length
    // Each that contradicts asks for one more that agrees.
    if (agreeing.length < policy.paths + dissenting - (dissenting > 0 ? 1 : 0)) return true
    const last = found.at(-1)
    if (last === undefined || !onlyActive || estimatedActive === 0) return false
    return distanceShare(point, last.point) * estimatedActive > policy.sparseness * count
  }
}

const isOver = ({ arrivedAt, isLost }: Path): boolean => arrivedAt !== undefined || isLost
